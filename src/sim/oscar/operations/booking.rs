//! `BookingWs` of a clinic that never set it up: nobody has a search configuration, which is how it is nearly everywhere.
//!
//! Java runs into its null where it does not look, and says that something went wrong where it does.

use super::{Answer, Call};
use crate::sim::oscar::refusal::Refusal;
use crate::sim::oscar::value::Object;

impl Call<'_> {
    pub(super) fn booking(&self, operation: &str) -> Answer {
        match operation {
            "getAppointmentTypesByProvider" | "findAppointment" => Err(Refusal::Server),
            "getExternalAppointmentTypes" => Ok(None),
            "bookAppointment" => {
                let error = Object::default().set("code", "ERROR").set("message", "Unable to create appointment");
                Ok(Some(Object::default().set("bookingError", error).into()))
            }
            _ => Err(self.unserved(operation)),
        }
    }
}
