//! What commands of the program say, with nobody told of where logs go.

use std::os::unix::process::ExitStatusExt;
use std::process::{Output, Stdio};

use crate::live::itself;
use crate::logs;

/// Both of its outputs, one after the other.
pub fn said(output: &Output) -> String {
    nobody_is_told_of(output);
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

/// On standard error: what is asked for stands on the other.
pub fn nobody_is_told_of(output: &Output) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(logs::told(&errors), None, "standard error tells of it: {errors}");
}

#[test]
#[ignore = "a process of the next one's"]
fn says_in_its_log_whom_it_found() {
    tracing::debug!("found Roe, Jane");
}

#[tokio::test]
async fn a_process_whose_log_tells_of_somebody_ends_there() {
    let test = itself::command("program::says_in_its_log_whom_it_found").stderr(Stdio::piped()).output();
    let ran = test.await.expect("this program starts");
    assert_eq!(ran.status.signal(), Some(rustix::process::Signal::ABORT.as_raw()), "{}", ran.status);
    assert!(String::from_utf8_lossy(&ran.stderr).contains("a log tells of Roe"));
}
