//! A caller who has heard the question and says yes, and the step at which that stands still.

use std::sync::Arc;

use attendant::agent::tools::ToolName;
use attendant::emr::{self, Appointment, EmrError, NewAppointment, PatientRef, VisitKind};
use attendant::privacy::Pii;
use attendant::sim::hold::Held;
use attendant::state::key::digest;
use jiff::civil::DateTime;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::disk::{self, Disk};
use super::emrs::{Emrs, Kind, Standing};
use super::process::{Caller, Interruption, Process};
use super::{Steps, Stop};
use crate::desk::{PATIENCE, comes, in_time};
use crate::wire::oscar::house::{CHEN, JANE, MONDAY, code, held, place};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Book,
    Move,
    Cancel,
}

impl Verb {
    pub const ALL: [Self; 3] = [Self::Book, Self::Move, Self::Cancel];

    pub const fn tool(self) -> ToolName {
        match self {
            Self::Book => ToolName::CreateAppointment,
            Self::Move => ToolName::UpdateAppointment,
            Self::Cancel => ToolName::CancelAppointment,
        }
    }
}

pub fn jane() -> PatientRef {
    PatientRef(Pii::new(JANE.to_owned()))
}

/// Times of Dr. Chen's.
struct Times {
    from: Option<DateTime>,
    to: Option<DateTime>,
    /// Free, and wanted by nobody yet.
    spare: DateTime,
}

pub struct Scene {
    pub emrs: Emrs,
    pub process: Process,
    caller: Option<Caller>,
    pub verb: Verb,
    /// What is moved or cancelled.
    held: Option<emr::Held>,
    times: Times,
    pub before: Vec<Standing>,
    /// Where she is to stand in the end.
    pub after: Vec<Standing>,
    written_before: usize,
}

impl Scene {
    pub async fn set(kind: Kind, verb: Verb) -> Self {
        let emrs = Emrs::open(kind).await;
        let process = Process::start(&emrs, tempfile::tempdir().expect("as the test has it"));
        let mut caller = process.call();
        let asking = async move {
            let times = is_asked(&mut caller, verb).await;
            (caller, times)
        };
        let (caller, times) = in_time(process.run(asking)).await;
        process.has_written().await;
        let before = emrs.standing(&*process.emr).await;
        let held = match times.from {
            Some(from) => {
                let hers = process.emr.appointments_for_patient(&jane(), MONDAY.at(0, 0, 0, 0)).await;
                hers.expect("as the test has it").iter().find(|one| one.start == from).map(held)
            }
            None => None,
        };
        let mut after: Vec<Standing> = before.iter().filter(|(_, start)| Some(*start) != times.from).cloned().collect();
        after.extend(times.to.map(|to| (CHEN.to_owned(), to)));
        after.sort();
        let written_before = emrs.written();
        Self { emrs, process, caller: Some(caller), verb, held, times, before, after, written_before }
    }

    /// Nothing breaks off.
    pub async fn play_through(mut self) -> Steps {
        let requests = self.emrs.requests();
        let disk = Disk::watch(self.process.folder.path(), self.process.runtime().clone(), None).await;
        let mut caller = self.caller.take().expect("she waits");
        let told = in_time(self.process.run(async move { caller.agrees().await })).await;
        assert_eq!(told["ok"], true, "{told}");
        self.process.has_written().await;
        let (writes, ended) = disk.writes().await;
        disk.let_go();
        assert_eq!(self.standing().await, self.after);
        assert_eq!(self.process.left(), Vec::<String>::new());
        Steps { requests: self.emrs.requests() - requests, writes, ended }
    }

    /// She says yes, and it stands still there.
    pub async fn halted(mut self, stop: Stop, what: &str) -> Halted {
        let halt = match stop {
            Stop::Request(spared, when) => Halt::Request(self.emrs.hold(spared, when).expect("somebody is asked")),
            Stop::Written(writes) | Stop::Torn(writes) => {
                Halt::Disk(Disk::watch(self.process.folder.path(), self.process.runtime().clone(), Some(writes)).await)
            }
        };
        let (interrupt, begins) = oneshot::channel();
        let (begun, interrupted) = oneshot::channel();
        let caller = self.caller.take().expect("she waits");
        let yes = self.process.runtime().spawn(caller.agrees_unless(Interruption { begins, begun }));
        timeout(PATIENCE, halt.reached()).await.expect(what);
        Halted { scene: self, halt, yes, interrupt, interrupted }
    }

    pub async fn standing(&self) -> Vec<Standing> {
        self.emrs.standing(&*self.process.emr).await
    }

    /// Writes that the EMR was sent since the yes.
    pub fn written(&self) -> usize {
        self.emrs.written() - self.written_before
    }

    /// The time that somebody else would have if this was not done, or was.
    pub fn contested(&self) -> DateTime {
        self.times.to.or(self.times.from).expect("every wish has a time")
    }

    /// A free quarter of an hour for somebody else.
    pub async fn another_books(&self, at: DateTime) -> &'static str {
        code(&self.process.emr.book(crate::wire::oscar::house::wanted(CHEN, at, "1002")).await)
    }

    pub async fn another_books_a_spare_time(&self) -> &'static str {
        self.another_books(self.times.spare).await
    }

    /// The same wish once more, by whoever asks for it.
    pub async fn again(&self) -> &'static str {
        let emr = &self.process.emr;
        let to = self.times.to.map(|to| place(CHEN, to, 15));
        match (self.held.clone(), to) {
            (None, Some(place)) => {
                let start = place.start.to_string();
                let key = digest(&["harbour-street", JANE, CHEN, &start, "book"]);
                let wanted = NewAppointment { patient: jane(), place, kind: VisitKind::FollowUp, reason: None, key };
                code(&emr.book(wanted).await)
            }
            (Some(held), Some(to)) => code::<Appointment>(&emr.reschedule(held, to).await),
            (Some(held), None) => code::<()>(&emr.cancel(held).await),
            (None, None) => code::<()>(&Err(EmrError::Unknown("nothing is wished".to_owned()))),
        }
    }
}

/// Up to the server's question.
async fn is_asked(caller: &mut Caller, verb: Verb) -> Times {
    let start = |of: &Value| -> DateTime { of["start"].as_str().and_then(|text| text.parse().ok()).expect("a time") };
    let jane = json!({ "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-09" });
    let patient = caller.asks(ToolName::SearchPatient, &jane).await["patient"].clone();
    let find = json!({ "visit_kind": "follow_up", "provider": "Chen", "to_date": "2026-11-23" });
    let slots = caller.asks(ToolName::FindEarliestAppointment, &find).await["slots"].clone();
    let create = json!({ "patient": patient, "slot": slots[0]["slot"] });
    caller.is_asked(ToolName::CreateAppointment, &create).await;
    if verb == Verb::Book {
        return Times { from: None, to: Some(start(&slots[0])), spare: start(&slots[2]) };
    }
    let booked = caller.agrees().await;
    assert_eq!(booked["ok"], true, "{booked}");
    let from = start(&slots[0]);
    let told = caller.asks(ToolName::CheckAppointments, &json!({ "patient": patient })).await;
    let mut standing = told["appointments"].as_array().into_iter().flatten();
    let ours = standing.find(|one| start(one) == from).expect("it stands")["appointment"].clone();
    let slots = caller.asks(ToolName::FindEarliestAppointment, &find).await["slots"].clone();
    let (to, wish) = match verb {
        Verb::Book | Verb::Move => (Some(start(&slots[0])), json!({ "appointment": ours, "slot": slots[0]["slot"] })),
        Verb::Cancel => (None, json!({ "appointment": ours })),
    };
    caller.is_asked(verb.tool(), &wish).await;
    Times { from: Some(from), to, spare: start(&slots[2]) }
}

enum Halt {
    Request(Held),
    Disk(Arc<Disk>),
}

impl Halt {
    async fn reached(&self) {
        match self {
            Self::Request(held) => held.reached().await,
            Self::Disk(disk) => disk.reached().await,
        }
    }

    async fn let_go(self) {
        match self {
            Self::Request(held) => in_time(held.let_go()).await,
            Self::Disk(disk) => disk.let_go(),
        }
    }
}

/// It stands still.
pub struct Halted {
    scene: Scene,
    halt: Halt,
    yes: JoinHandle<Value>,
    interrupt: oneshot::Sender<()>,
    interrupted: oneshot::Receiver<()>,
}

impl Halted {
    /// Another process has started on what the disk holds; what was sent and is not done may be done yet.
    pub async fn killed(self, stop: Stop) -> (Scene, Option<Held>) {
        let image = tempfile::tempdir().expect("as the test has it");
        let scene = self.scene;
        disk::copy(scene.process.folder.path(), image.path());
        if let (Halt::Disk(disk), Stop::Torn(_)) = (&self.halt, stop) {
            disk.tear(image.path());
        }
        scene.process.kill();
        let held = match self.halt {
            Halt::Request(held) => Some(held),
            Halt::Disk(disk) => {
                disk.let_go();
                None
            }
        };
        let process = Process::start(&scene.emrs, image);
        (Scene { process, ..scene }, held)
    }

    /// The call is over, and what ran in it has ended.
    pub async fn hung_up(self) -> Scene {
        self.yes.abort();
        assert!(self.yes.await.is_err(), "nothing was told yet");
        self.halt.let_go().await;
        comes(|| self.scene.process.is_over(self.scene.verb.tool()).then_some(())).await;
        self.scene
    }

    /// The caller has asked again, and this is what the tool returned.
    pub async fn interrupted(self) -> (Scene, Value) {
        self.interrupt.send(()).expect("nothing was told yet");
        in_time(self.interrupted).await.expect("as the test has it");
        self.halt.let_go().await;
        let heard = in_time(self.yes).await.expect("as the test has it");
        (self.scene, heard)
    }
}
