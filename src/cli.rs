//! The commands: what can be asked for on the command line, and with which exit code each ends.
//!
//! A command reads its arguments, does one thing and says what came of it. Results go to standard output, logs and progress to
//! standard error.

mod audit;
mod call;
mod calls;
mod check;
mod clinic;
mod dialling;
mod exit;
mod experiments;
mod given;
mod init;
mod keys;
mod load;
mod messages;
mod migrate;
mod origin;
mod past;
mod patient;
mod providers;
mod recording;
mod requests;
mod retention;
mod say;
mod serve;
mod sim;
mod table;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::server::StartError;
use crate::store::StoreError;

pub use exit::{Exit, Failure};

/// The telephone receptionist that a clinic runs on its own machines.
#[derive(Debug, Parser)]
#[command(
    name = "attendant",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = exit::TABLE
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Check(check::Check),
    Call(call::Call),
    Calls(calls::Calls),
    Audit(audit::Audit),
    Clinic(clinic::Clinics),
    Experiments(experiments::Experiments),
    Init(init::Init),
    Keys(keys::Keys),
    Load(load::Load),
    Messages(messages::Messages),
    Migrate(migrate::Migrate),
    Patient(patient::Patient),
    Providers(providers::Providers),
    Requests(requests::Requests),
    Retention(retention::Retention),
    Say(say::Say),
    Sim(sim::Sim),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    // Fails only if something in this process was quicker, and then the provider is there.
    rustls::crypto::ring::default_provider().install_default().ok();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let done = match cli.command {
        Command::Audit(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Call(command) => command.run(),
        Command::Calls(command) => command.run(),
        Command::Clinic(command) => command.run(),
        Command::Experiments(command) => command.run(),
        Command::Init(command) => command.run(),
        Command::Keys(command) => command.run(),
        Command::Load(command) => command.run(),
        Command::Messages(command) => command.run(),
        Command::Migrate(command) => command.run(),
        Command::Patient(command) => command.run(),
        Command::Providers(command) => command.run(),
        Command::Requests(command) => command.run(),
        Command::Retention(command) => command.run(),
        Command::Say(command) => command.run(),
        Command::Sim(command) => command.run(),
    };
    exit::report(done)
}

/// For commands that wait for others, one thing at a time.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::internal)
}

/// Who runs this command, for the audit.
fn actor() -> String {
    let id = rustix::process::getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    });
    format!("user {}", name.unwrap_or(id))
}

fn start_failure(error: StartError) -> Failure {
    if error.is_configuration() { Failure::usage(error) } else { Failure::unavailable(error) }
}

fn store_failure(error: StoreError) -> Failure {
    start_failure(error.into())
}

/// The help of every command, for the golden test.
pub fn help() -> Vec<(String, String)> {
    fn collect(command: &mut clap::Command, path: &str, into: &mut Vec<(String, String)>) {
        let path = format!("{path} {}", command.get_name()).trim().to_owned();
        into.push((path.clone(), command.render_long_help().to_string()));
        for sub in command.get_subcommands_mut() {
            collect(sub, &path, into);
        }
    }
    let mut pages = Vec::new();
    let mut command = Cli::command();
    command.build();
    collect(&mut command, "", &mut pages);
    pages
}
