//! What commands of the program say, with nobody told of where logs go.

use std::process::Output;

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
