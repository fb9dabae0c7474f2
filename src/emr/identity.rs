//! Which EMR it is that a clinic's appointments are in: clinics that keep theirs in one server exclude each other there, whatever they are called.
//!
//! By its address, since nothing else of it is known before it is asked: one server under two names is two. A digest, since keys that instances
//! share hold no address. Pure.

use url::Url;

use super::EmrKind;
use crate::clinic::Clinic;
use crate::state::key::digest;

/// Under which locks and unsettled writes of the clinic's EMR are known to all who write there: a digest of its address, or the clinic's own id if nobody
/// else writes in its book.
pub fn identity(clinic: &Clinic) -> String {
    let emr = clinic.config.emr.as_ref();
    let address = emr.and_then(|emr| match emr.kind {
        EmrKind::Oscar => emr.oscar.as_ref().map(|oscar| oscar.base_url.as_str()),
        EmrKind::Fhir => emr.fhir.as_ref().map(|fhir| fhir.base_url.as_str()),
        EmrKind::Book => None,
    });
    address.map_or_else(|| clinic.config.id.clone(), of_address)
}

/// However the address is written: case of the host, the port that goes without saying, and slashes at the end do not count.
fn of_address(text: &str) -> String {
    let plain = Url::parse(text).map_or_else(|_| text.to_owned(), String::from);
    format!("emr-{}", digest(&[plain.trim_end_matches('/')]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_is_one_however_its_address_is_written() {
        let one = of_address("https://oscar.example.ca/oscar/ws");
        for same in ["https://OSCAR.example.ca/oscar/ws/", "https://oscar.example.ca:443/oscar/ws"] {
            assert_eq!(of_address(same), one, "{same}");
        }
        for other in ["https://oscar.example.ca:8443/oscar/ws", "https://oscar.example.ca/other/ws"] {
            assert_ne!(of_address(other), one, "{other}");
        }
        assert_eq!(identity(&Clinic::sample()), "harbour-street", "its book is its own");
    }
}
