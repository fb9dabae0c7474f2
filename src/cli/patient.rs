//! `attendant patient`: what is held about a person, given out to them or erased.

mod export;
mod spared;
mod who;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::origin::Origin;
use super::{Exit, Failure, actor, runtime, start_failure, store_failure};
use crate::config::Config;
use crate::emr::PatientRef;
use crate::emr::book;
use crate::emr::book::person::Theirs;
use crate::records::Library;
use crate::server::{self, Served};
use crate::state::local::tidy;
use crate::store::Store;
use crate::store::audit::{Action, Note};
use crate::store::import::Importer;
use crate::store::person::{Held, Person};
use crate::store::retention::What as Kind;

/// Answer a person who asks what is held about them, or wants it erased. Calls are found by the number they came from or by a name said in them, messages by
/// the number to call back too; in the clinic's own book, appointments of whoever has that number or name in its data file. Another EMR is not part of it.
#[derive(Debug, Args)]
pub(super) struct Patient {
    #[command(flatten)]
    origin: Origin,
    #[command(subcommand)]
    command: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write all of it into a new folder that only its owner can read: export.json, and the recordings.
    Export {
        #[command(flatten)]
        sought: Sought,
        /// Folder to write to; it must not exist yet, or be empty.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Erase all of it, recordings included; the audit keeps proof, and no copy is made. Export it first, and read it: what is another's belongs under --except.
    Erase {
        #[command(flatten)]
        sought: Sought,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Who, and in which clinic.
#[derive(Debug, Args)]
struct Sought {
    /// The clinic's id.
    #[arg(long, value_name = "ID")]
    clinic: String,
    /// File with their telephone numbers and their first and last name, in other spellings too, one a line; `-` reads standard input. Whatever is found by
    /// any of them is theirs. A line `chart: NUMBER` names their chart in the EMR: who looked at it is told then, also in calls that nothing else finds.
    #[arg(long, value_name = "FILE")]
    who: PathBuf,
    /// A call, message, appointment or chart, by its whole id, that is somebody else's; may be given again. One that is not among what is found is refused.
    #[arg(long, value_name = "ID")]
    except: Vec<String>,
}

impl Sought {
    /// And their charts, as they were named.
    fn person(&self) -> Result<(Person, Vec<PatientRef>), Failure> {
        let who::Who { phones, names, charts } = who::read(&self.who).map_err(Failure::usage)?;
        Ok((Person { phones, names, except: self.except.clone() }, charts))
    }
}

impl Patient {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let config = self.origin.load()?;
        let (What::Export { sought, .. } | What::Erase { sought, .. }) = &self.command;
        let served = server::one(&config, Some(&sought.clinic)).map_err(Failure::usage)?;
        let config = &served.config;
        runtime()?.block_on(async {
            match self.command {
                What::Export { sought, out } => {
                    let store = opened(config).await?;
                    let request = Uuid::now_v7().to_string();
                    let (held, _) = held(&served, &store, &sought, &request).await?;
                    let done = export::write(&store, &sought.clinic, held, &request, &out).await;
                    store.close().await;
                    done
                }
                What::Erase { sought, yes } => {
                    let store = opened(config).await?;
                    let request = Uuid::now_v7().to_string();
                    let (held, theirs) = held(&served, &store, &sought, &request).await?;
                    let done = Box::pin(erase(&store, &served, held, &theirs, &request, yes)).await;
                    store.close().await;
                    done
                }
            }
        })
    }
}

async fn opened(config: &Config) -> Result<Store, Failure> {
    let store = server::store(config).map_err(start_failure)?;
    let store = store.ok_or_else(|| Failure::usage(anyhow!("store.enabled is false: calls cannot be looked for")))?;
    store.make_ready().await.map_err(store_failure)?;
    Ok(store)
}

/// What is held, once everything that waited as files is in the store. Nobody is shown what is not noted: that somebody has calls here, or none, says something
/// of them, whatever is done then.
async fn held(served: &Served, store: &Store, sought: &Sought, request: &str) -> Result<(Held, Theirs), Failure> {
    let config = &served.config;
    let (person, charts) = sought.person()?;
    let files = Library::new(config.records.folder());
    let importer = Importer::new(store.clone(), files.clone());
    if let (_, Some(error)) = importer.look().await {
        return Err(store_failure(error));
    }
    let open = files.journals().map_err(Failure::unavailable)?;
    let (mut held, theirs) = found(served, store, &person, &charts).await?;
    let strangers = if person.except.is_empty() {
        Vec::new()
    } else {
        // With nothing spared: what was left in a call that is another's is found by that call alone.
        let all = Person { except: Vec::new(), ..person.clone() };
        let (all, whole) = found(served, store, &all, &charts).await?;
        spared::strangers(&person.except, [(&held, &theirs), (&all, &whole)])
    };
    held.closed.append(&mut importer.closed().map_err(store_failure)?);
    let note = Note::new(&actor(), Action::PersonSought, request, &counts(&held));
    store.note(&note).await.map_err(store_failure)?;
    for call in &held.calls {
        let recording = if call.is_recorded() { "recorded" } else { "no recording here" };
        println!("call     {}  {}  {recording}  {:?}", call.past.call, call.instance, call.found_by);
    }
    for left in &held.messages {
        println!("message  {}  {}  {:?}", left.message.id, left.message.at, left.found_by);
    }
    for booked in &held.appointments {
        let state = if booked.cancelled { "cancelled" } else { "stands" };
        println!("booking  {}  {}  {state}  {:?}", booked.id, booked.start, booked.found_by);
    }
    for made in &held.charts {
        println!("chart    {}  made by telephone  {:?}", made.id, made.found_by);
    }
    if !held.looks.is_empty() {
        println!("looks    {} rows of the audit tell of their chart", held.looks.len());
    }
    if held.unclear_charts > 0 {
        println!(
            "looks    {} charts may be theirs: name theirs as a line `chart: NUMBER`, and it is told who looked at it",
            held.unclear_charts
        );
    }
    for what in &held.closed {
        println!("not looked into: {what}");
    }
    let unclaimed = store.unclaimed_recordings().await.map_err(store_failure)?;
    if unclaimed > 0 {
        println!("{unclaimed} recordings here are of calls that are not in the store: nobody can say whose they are");
    }
    let open = not_looked_into(&[open, files.journals().map_err(Failure::unavailable)?].concat(), &held);
    if open > 0 {
        println!(
            "{open} calls are going on, ended while they were looked for, or did not fit into the store; if one is theirs, run this again when it is over"
        );
    }
    if !strangers.is_empty() {
        return Err(Failure::usage(spared::refusal(&strangers)));
    }
    Ok((held, theirs))
}

/// What is about them in the store and in the clinic's own book, and who looked at it.
async fn found(
    Served { clinic, config }: &Served,
    store: &Store,
    person: &Person,
    charts: &[PatientRef],
) -> Result<(Held, Theirs), Failure> {
    let mut held = store.held_about(person).await.map_err(store_failure)?;
    let folder = config.records.folder().join(book::FOLDER);
    let mut theirs = book::person::held_about(person, clinic, &folder, store).await.map_err(store_failure)?;
    held.appointments.append(&mut theirs.appointments);
    held.charts.append(&mut theirs.charts);
    held.changes.append(&mut theirs.changes);
    held.closed.append(&mut theirs.closed);
    store.look_for_looks(&mut held, charts.to_vec(), &theirs.numbers, person).await.map_err(store_failure)?;
    Ok((held, theirs))
}

/// Of how many calls there were journals, before the look or after it, that it has not found: one that ended meanwhile may have come too late for it.
fn not_looked_into(journals: &[PathBuf], held: &Held) -> usize {
    let mut calls: BTreeSet<_> = journals.iter().filter_map(|path| path.file_stem()).collect();
    for call in &held.calls {
        calls.remove(OsStr::new(&call.past.call));
    }
    calls.len()
}

/// How much of what, for the audit.
fn counts(held: &Held) -> String {
    let recordings = held.calls.iter().filter(|call| call.is_recorded()).count();
    let charts = if held.charts.is_empty() { String::new() } else { format!(", charts {}", held.charts.len()) };
    let looks = if held.looks.is_empty() { String::new() } else { format!(", looks {}", held.looks.len()) };
    format!(
        "calls {}, messages {}, recordings {recordings}, appointments {}{charts}{looks}",
        held.calls.len(),
        held.messages.len(),
        held.appointments.len()
    )
}

async fn erase(
    store: &Store,
    Served { clinic, config }: &Served,
    mut held: Held,
    theirs: &Theirs,
    request: &str,
    yes: bool,
) -> Result<Exit, Failure> {
    let clinic = clinic.config.id.as_str();
    // What nobody could look into may be theirs.
    let mut exit = if held.closed.is_empty() { Exit::Done } else { Exit::Found };
    if held.calls.is_empty() && held.messages.is_empty() && held.appointments.is_empty() && held.charts.is_empty() {
        println!("nothing is held");
        return Ok(exit);
    }
    if !yes && !confirmed(clinic, &held)? {
        println!("nothing was erased");
        return Ok(exit);
    }
    // While it is away nothing goes, in the book neither: without the proof nobody would know of it.
    if let Some(bucket) = store.bucket() {
        bucket.answers().await.map_err(|error| store_failure(error.into()))?;
    }
    match theirs.leave_file(&config.records.folder().join(book::FOLDER), clinic) {
        // Of one book that is on its way into the database it is counted there.
        Ok(gone) if held.changes.is_empty() => held.gone = gone,
        Ok(_) => {}
        Err(error) => {
            println!(
                "the clinic's book in the folder of records is as it was: {error}; stop the server, and run this again"
            );
            exit = Exit::Found;
        }
    }
    let counts = store.erase(&held, request, &actor()).await.map_err(store_failure)?;
    println!("erased: {counts}; proof is in the audit as {request}");
    if held.appointments.iter().any(|booked| !booked.cancelled) && counts.of(Kind::Appointments) > 0 {
        println!(
            "times of appointments that stood are still taken, by nobody; their names are in the book's data file, which is the clinic's to change"
        );
    }
    match store.kept_in_bucket(&held).await {
        Ok(kept) => {
            for call in kept {
                println!(
                    "the bucket keeps the recording of call {call}, as one that is locked; it goes in the first night that can take it away"
                );
                exit = Exit::Found;
            }
        }
        Err(error) => {
            println!(
                "nobody knows whether the bucket keeps a recording of these calls: {error}; what it has goes in the night"
            );
            exit = Exit::Found;
        }
    }
    if !tidy(&config.home()).map_err(Failure::unavailable)? {
        println!("state.jsonl is the running server's, which writes it anew in the night");
    }
    println!(
        "copies of the database and of the folder of records are as they were; recordings on other servers go within a day"
    );
    Ok(exit)
}

fn confirmed(clinic: &str, held: &Held) -> Result<bool, Failure> {
    let mut answers = std::io::stdin().lock();
    if !answers.is_terminal() {
        return Err(Failure::usage(anyhow!("nobody is there to be asked; add --yes to erase without a question")));
    }
    print!(
        "Erase {} calls, {} messages, {} appointments and {} charts of {clinic} for ever? Type `erase`: ",
        held.calls.len(),
        held.messages.len(),
        held.appointments.len(),
        held.charts.len()
    );
    std::io::stdout().flush().map_err(Failure::internal)?;
    let mut answer = String::new();
    answers.read_line(&mut answer).map_err(Failure::internal)?;
    Ok(answer.trim() == "erase")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::clinic::Clinic;
    use crate::emr::book::Book;
    use crate::emr::{Emr, NewAppointment, Place, ProviderRef, VisitKind};
    use crate::privacy::Pii;
    use crate::records::bucket::fake::{Fake, Mood};
    use crate::records::{Past, RecordsConfig};
    use crate::store::StoreConfig;
    use crate::store::person::Call;

    #[test]
    fn a_call_that_ended_while_it_was_looked_for_is_told_unless_it_was_found() {
        let journals = |calls: &[&str]| -> Vec<PathBuf> {
            calls.iter().map(|call| PathBuf::from(format!("records/2026-11-21/{call}.jsonl"))).collect()
        };
        // c1 and c2 ended meanwhile, c3 goes on, c4 began.
        let seen = [journals(&["c1", "c2", "c3"]), journals(&["c3", "c4"])].concat();
        let past = Past { call: "c2".to_owned(), entries: Vec::new(), recording: None, closed: Vec::new() };
        let found = Call {
            found_by: BTreeSet::new(),
            past,
            instance: String::new(),
            in_bucket: false,
            unreadable: None,
            tools: Vec::new(),
            audit: Vec::new(),
        };
        assert_eq!(not_looked_into(&seen, &Held::default()), 4);
        assert_eq!(not_looked_into(&seen, &Held { calls: vec![found], ..Held::default() }), 3);
        assert_eq!(not_looked_into(&[], &Held::default()), 0);
    }

    #[tokio::test]
    async fn while_the_bucket_cannot_be_asked_nothing_is_erased_from_the_book_either() {
        let (folder, fake, clinic) = (tempfile::tempdir().unwrap(), Fake::new().await, Clinic::sample());
        let (id, at) = (clinic.config.id.clone(), folder.path().join(book::FOLDER));
        let store = Store::open(&StoreConfig::default(), folder.path(), clinic.tenant()).unwrap();
        store.make_ready().await.unwrap();
        let store = store.with_bucket(Some(fake.bucket(&id)));
        let (today, day) = (date(2026, 11, 21), date(2026, 11, 30));
        let own = Book::sealed(&at, &clinic, today, &store.sealing().of_clinic(&id)).unwrap();
        let new = NewAppointment {
            patient: PatientRef(Pii::new("1001".to_owned())),
            place: Place {
                provider: ProviderRef("101".to_owned()),
                start: day.at(9, 0, 0, 0),
                end: day.at(9, 15, 0, 0),
            },
            kind: VisitKind::FollowUp,
            reason: None,
            key: "hers".to_owned(),
        };
        own.book(new).await.unwrap();
        drop(own);
        let records = RecordsConfig { path: Some(folder.path().to_owned()), ..RecordsConfig::default() };
        let served = Served { clinic, config: Config { records, ..Config::default() } };
        let jane = Person { phones: vec!["+1 604-555-0177".parse().unwrap()], ..Person::default() };
        let theirs = async || book::person::held_about(&jane, &served.clinic, &at, &store).await.unwrap();
        let erased = async |theirs: &Theirs| {
            let held = Held { appointments: theirs.appointments.clone(), ..Held::default() };
            erase(&store, &served, held, theirs, "request-1", true).await
        };

        fake.feels(Mood::Down);
        let refused = erased(&theirs().await).await.unwrap_err();
        assert_eq!((refused.exit, theirs().await.appointments.len()), (Exit::Unavailable, 1));
        fake.feels(Mood::Well);
        assert_eq!(erased(&theirs().await).await.unwrap(), Exit::Done);
        assert!(theirs().await.appointments.is_empty());
    }
}
