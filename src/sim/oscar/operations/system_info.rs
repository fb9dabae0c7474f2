//! `SystemInfoWs`: that the server is there, and what time it believes it is.

use super::{Answer, Call, LONGEST_LIST};
use crate::sim::oscar::value::Value;

impl Call<'_> {
    pub(super) fn system_info(&self, operation: &str) -> Answer {
        let now = self.now.to_zoned(self.java_zone.clone());
        let value: Value = match operation {
            "getMaxListReturnSize" => LONGEST_LIST.into(),
            "getServerTimeGmtOffset" => (i64::from(now.offset().seconds()) * 1_000).into(),
            "getServerTime" => now.into(),
            "helloWorld" => "Hello World! the configuration works! and your client works! :)".into(),
            "isAlive" => "alive".into(),
            _ => return Err(self.unserved(operation)),
        };
        Ok(Some(value))
    }
}
