//! `attendant sim oscar` as a program: what it prints can be used, and mistakes are named before anything is started.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::program;

const PATIENCE: Duration = Duration::from_secs(20);

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_attendant"));
    program.args(["sim", "oscar"]).stdin(Stdio::null()).kill_on_drop(true);
    program
}

#[tokio::test]
async fn what_it_prints_leads_to_a_running_oscar() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let arguments = ["--listen", "127.0.0.1:0", "--json", "--jvm-zone", "UTC", "--fault", "helloWorld=html503"];
    let sim = program()
        .args(arguments)
        .env("RUST_LOG", "attendant=trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut sim = sim.expect("the program is built");
    let mut lines = BufReader::new(sim.stdout.take().expect("it is piped")).lines();
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("in time").expect("readable");
    let said: serde_json::Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
    assert_eq!((said["dialect"].as_str(), said["jvm_zone"].as_str()), (Some("mcmaster"), Some("UTC")));
    let base_url = said["base_url"].as_str().expect("an address");
    let ask = async |operation: &str, arguments: String, service: &str| {
        let body = format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:w=\"http://ws.oscarehr.org/\"><s:Body>\
             <w:{operation}>{arguments}</w:{operation}></s:Body></s:Envelope>"
        );
        let url = format!("{base_url}/{service}");
        let response = reqwest::Client::new().post(url).header("content-type", "text/xml").body(body).send().await;
        let response = response.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("its text"))
    };
    let text = |key: &str| said[key].as_str().expect("a text").to_owned();
    let login = format!("<arg0>{}</arg0><arg1>{}</arg1>", text("user"), text("password"));
    let (status, reply) = ask("login2", login, "LoginService").await;
    assert!(status == 200 && reply.contains("<securityId>134</securityId>"), "{reply}");
    let (_, time) = ask("getServerTime", String::new(), "SystemInfoService").await;
    assert!(time.contains("Z</return>"), "{time}");
    assert_eq!(ask("helloWorld", String::new(), "SystemInfoService").await.0, 503);
    let index = reqwest::get(text("inspect")).await.expect("an answer");
    assert_eq!(index.status(), 200);
    sim.start_kill().expect("it is ours");
    let ended = tokio::time::timeout(PATIENCE, sim.wait_with_output()).await.expect("in time").expect("readable");
    program::nobody_is_told_of(&ended);
}

#[tokio::test]
async fn mistakes_are_named_and_nothing_is_started() {
    for (arguments, words) in [
        (["--listen", "0.0.0.0:0"], "not an address of this machine only"),
        (["--fault", "cancelAppointment=hang"], "there is no such operation"),
        (["--fault", "addAppointment=tired"], "no such fault"),
        (["--zone", "Mars/Olympus"], "no such time zone"),
    ] {
        let ran = tokio::time::timeout(PATIENCE, program().args(arguments).output()).await;
        let ran = ran.expect("in time").expect("the program is built");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.code() == Some(64) && said.contains(words), "{arguments:?}: {said}");
    }
}
