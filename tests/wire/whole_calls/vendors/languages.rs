//! Calls in each language with the vendors that clinics have for it (requirement L1), which fail in mid-call; and a call that goes on in another
//! language, with other vendors. English is in the other tables. What is said in Chinese has no blanks, and ends in its own full stop, as in Punjabi.

use attendant::agent::{Agent, Agents, CallFacts, Event, Reports, Turn};
use attendant::privacy::Pii;

use super::hearing::at;
use super::*;
use crate::wire::azure::azure_with;

struct Pair {
    language: Language,
    ears: &'static str,
    voice: &'static str,
}

static PAIRS: [Pair; 4] = [
    Pair { language: Language::Mandarin, ears: "nova-3", voice: "qwen" },
    Pair { language: Language::Cantonese, ears: "google", voice: "qwen" },
    Pair { language: Language::Punjabi, ears: "sarvam", voice: "sarvam" },
    Pair { language: Language::French, ears: "flux", voice: "azure" },
];

impl Pair {
    async fn hears(&self, trouble: Trouble) -> Arc<dyn Recognizer> {
        let address = at(self.ears, trouble).await;
        match self.ears {
            "sarvam" => Arc::new(sarvam::ears(address, "stt_silence_ms = 2000")),
            ears => hears(ears, address),
        }
    }

    async fn speaks(&self, trouble: Trouble) -> Arc<dyn Voice> {
        let address = streamed_voices::at(self.voice, trouble).await;
        match self.voice {
            // An HD voice.
            "azure" => Arc::new(azure_with(address, "voices = { fr-CA = \"fr-CA-Sylvie:DragonHDLatestNeural\" }")),
            voice => streamed_voices::voice(voice, address, self.language, 1_000),
        }
    }
}

/// Whose vendor fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Ears,
    Voice,
}

/// Where a voice was replaced, a line ends and another begins, in Chinese in the middle of a sentence.
fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

/// How often this was said.
fn times(told: &Told, who: attendant::agent::Who, code: Code, language: Language) -> usize {
    without_blanks(&told.lines(who)).matches(&without_blanks(&code.sentence_in(language))).count()
}

/// Everything that was said in these languages is in the history, once.
fn is_said_once(told: &Told, row: &str, call: u16, asked_in: [Language; 2], answered_in: [Language; 2]) {
    for (turn, (question, answer)) in (1..).zip(asked_in.into_iter().zip(answered_in)) {
        let question = times(told, attendant::agent::Who::Caller, Code { turn: 200 + turn, ..asked(call) }, question);
        assert_eq!(question, 1, "{row}: question {turn} {:#?}", told.past.entries);
        let parts = SHORT[usize::from(turn) - 1];
        for part in 0..parts {
            let heard = times(told, attendant::agent::Who::Agent, Code { call, turn, part, parts }, answer);
            assert_eq!(heard, 1, "{row}: answer {turn}, part {part} {:#?}", told.past.entries);
        }
    }
}

/// One call a row, some at once: the vendors of a language, one of which fails, and the same ones that are well.
async fn table(rows: Vec<(&'static Pair, Who, Fault)>) {
    for rows in rows.chunks(AT_ONCE) {
        let calls = rows.iter().zip(1..).map(|((pair, who, fault), n)| {
            let (pair, who, language) = (*pair, *who, pair.language);
            let row = format!("{language} {who:?} {fault:?}");
            let trouble = if who == Who::Ears { Trouble::first(1, *fault) } else { Trouble::always(Some(*fault)) };
            async move {
                let of = |wanted| if who == wanted { trouble.clone() } else { Trouble::default() };
                let ears = vec![pair.hears(of(Who::Ears)).await, pair.hears(Trouble::default()).await];
                let voices = vec![pair.speaks(of(Who::Voice)).await, pair.speaks(Trouble::default()).await];
                let number = format!("+1604555{n:04}");
                let replace = |providers: &mut Providers| (providers.recognisers, providers.voices) = (ears, voices);
                let told = call_in([language; 2], &number, 1, replace).await;
                (row, who, language, trouble, call_of(&number), told)
            }
        });
        for (row, who, language, trouble, call, told) in at_once(calls).await {
            told.went_well(&row, EndReason::Goodbye);
            assert!(trouble.struck().is_some(), "{row}: it never struck");
            let recovery = if who == Who::Ears { Recovery::SttReopened } else { Recovery::NextVoice };
            assert!(told.recoveries(recovery) > 0, "{row}: {:#?}", told.past.entries);
            is_said_once(&told, &row, call, [language; 2], [language; 2]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_language_with_the_vendors_named_for_it_loses_no_word_when_one_of_them_fails() {
    let faults = [Fault::Stalls, Fault::Breaks];
    let of = |pair| [Who::Ears, Who::Voice].into_iter().flat_map(move |who| faults.map(|fault| (pair, who, fault)));
    table(PAIRS.iter().flat_map(of).collect()).await;
}

/// Answers the first question in Cantonese, whatever it was asked in.
struct Switchers;

impl Agents for Switchers {
    fn open(&self, facts: &CallFacts) -> Box<dyn Agent> {
        Box::new(Switcher { call: call_of(facts.caller.reveal()), turn: 0 })
    }
}

struct Switcher {
    call: u16,
    turn: u8,
}

impl Agent for Switcher {
    fn think(&mut self, turn: Turn, reports: Reports) {
        let parts = SHORT[usize::from(self.turn).min(SHORT.len() - 1)];
        self.turn += 1;
        let (call, number, last) = (self.call, self.turn, usize::from(self.turn) == SHORT.len());
        let switches = (turn.language != Language::Cantonese).then_some(Event::Language(Language::Cantonese));
        let said = (0..parts).map(move |part| Code { call, turn: number, part, parts });
        let said = said.map(|code| Event::Text(Pii::new(code.sentence_in(Language::Cantonese))));
        let events = switches.into_iter().chain(said).chain(last.then_some(Event::HangUp)).chain([Event::Done]);
        tokio::spawn(async move {
            for event in events {
                if !reports.send(event).await {
                    return;
                }
            }
        });
    }

    fn cancel(&mut self) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_changes_its_language_goes_on_with_that_languages_vendors_and_loses_no_word() {
    let english = Pair { language: Language::English, ears: "flux", voice: "cartesia" };
    let cantonese = &PAIRS[1];
    let ears = vec![english.hears(Trouble::default()).await, cantonese.hears(Trouble::default()).await];
    let ears = chain::recognisers(ears, [(Language::English, vec![0]), (Language::Cantonese, vec![1])].into());
    let first = speaks(english.voice, streamed_voices::at(english.voice, Trouble::default()).await);
    let voices = chain::voices(vec![first, cantonese.speaks(Trouble::default()).await], chain::Order::new());
    let replace = |providers: &mut Providers| {
        (providers.recognisers, providers.voices) = (ears, voices);
        providers.agents = Arc::new(Switchers);
    };
    let (number, languages) = ("+16045550001", [Language::English, Language::Cantonese]);
    let told = call_in(languages, number, 0, replace).await;
    told.went_well("English, then Cantonese", EndReason::Goodbye);
    is_said_once(&told, "English, then Cantonese", call_of(number), languages, [Language::Cantonese; 2]);
    let failed = [Recovery::SttReopened, Recovery::NextVoice].map(|what| told.recoveries(what));
    assert_eq!(failed, [0, 0], "{:#?}", told.past.entries);
}
