//! Each language of the clinic, tried: an agent who greets in it, a voice that says three words, and a recogniser that listens to these very words.
//!
//! Who is asked, and in which order, is as in a call. A recogniser passes if it answers; whether it heard words is told, since one that is weak in a language
//! is the clinic's choice.

use attendant_media::frame::RATE;

use super::{About, Seen};
use crate::agent::graph::Variables;
use crate::costs::Kind as Use;
use crate::language::Language;
use crate::provider::trial;
use crate::server::{Greeting, Speech};

pub(super) async fn languages(about: &About<'_>) -> Vec<Seen> {
    let languages = &about.clinic.config.languages;
    let mut seen = Vec::new();
    let first = about.config.clinic.language;
    if !languages.contains(&first) {
        let what = format!("calls begin in {first}, which is none of the clinic's languages");
        seen.push(Seen::wrong(
            what,
            "add it to `languages` of the clinic's file, or set clinic.language in the configuration",
        ));
    }
    seen.extend(languages.iter().flat_map(|language| greeting(about, *language)));
    match about.speech {
        None => seen.push(Seen::not_needed("scripted providers hear and speak: no language was tried")),
        Some(speech) => {
            // One after the other: a recogniser may carry few calls.
            for language in languages {
                seen.extend(tried(about, speech, *language).await);
            }
        }
    }
    seen
}

/// What is wrong with the agents of a language.
fn greeting(about: &About<'_>, language: Language) -> Option<Seen> {
    let answers = about.graph.language(language);
    if answers != language {
        let what = format!("{language}: no agent answers in it; calls go on in {answers}");
        return Some(Seen::wrong(
            what,
            format!("add agents and prompts for {language}, or take it out of `languages`"),
        ));
    }
    let variables = Variables { clinic: about.clinic.name(language), language, now: "", notice: "" };
    let text = about.graph.greeting(about.graph.entry(language), &variables);
    text.trim().is_empty().then(|| {
        Seen::wrong(format!("{language}: its agent greets with nothing"), "write `greeting` in the agent's file")
    })
}

/// Says three words and listens to them.
async fn tried(about: &About<'_>, speech: &Speech, language: Language) -> Vec<Seen> {
    let mut passed_over = Vec::new();
    let mut said = None;
    for (name, voice) in speech.voices(about.config.providers.asked(Use::Speaking, language)) {
        if !voice.speaks(language) {
            continue;
        }
        match trial::sound(voice.as_ref(), language).await {
            Ok((_, sound)) if sound.is_empty() => passed_over.push(format!("{name} made no sound")),
            Ok((took, sound)) => {
                said = Some((name, took, sound));
                break;
            }
            Err(error) => passed_over.push(format!("{name}: {}", error.what)),
        }
    }
    let Some((voice, took, sound)) = said else {
        let mend = "see to [providers.speaking] and the voices there (`attendant providers check`)";
        return vec![Seen::wrong(format!("{language}: nobody speaks it{}", because(&passed_over)), mend)];
    };
    let seconds = sound.len() as f64 / f64::from(RATE);
    let first = took.first_ms.unwrap_or(took.whole_ms);
    let mut seen = vec![Seen::good(format!(
        "{language}: {voice} said three words, {seconds:.1} s of sound, the first after {first} ms{}",
        because(&passed_over)
    ))];
    passed_over.clear();
    for (name, recogniser) in speech.ears(about.config.providers.asked(Use::Hearing, language)) {
        if recogniser.capabilities(language).is_none() {
            continue;
        }
        match trial::listen(recogniser.as_ref(), language, &sound).await {
            Ok((took, words)) => {
                let heard = if words { "heard words in them" } else { "heard no words in them" };
                seen.push(Seen::good(format!(
                    "{language}: {name} listened, answered after {} ms and {heard}{}",
                    took.whole_ms,
                    because(&passed_over)
                )));
                return seen;
            }
            Err(error) => passed_over.push(format!("{name}: {}", error.what)),
        }
    }
    let mend = "see to [providers.hearing] and the recognisers there (`attendant providers check`)";
    seen.push(Seen::wrong(format!("{language}: nobody hears it{}", because(&passed_over)), mend));
    seen
}

/// Who was asked before, and failed.
fn because(passed_over: &[String]) -> String {
    if passed_over.is_empty() { String::new() } else { format!(" ({})", passed_over.join("; ")) }
}

/// Callers hear what is kept of their calls before it is.
pub(super) fn notice(about: &About<'_>) -> Vec<Seen> {
    let records = &about.config.records;
    let heard = |language: &Language| (*language, Greeting::of(about.graph, about.clinic, records, *language));
    let seen: Vec<Seen> = about
        .clinic
        .config
        .languages
        .iter()
        .map(heard)
        .flat_map(|(language, greeting)| told(language, &greeting))
        .collect();
    if !seen.is_empty() {
        return seen;
    }
    vec![Seen::not_needed("records.recording is off and records.transcripts is false: nothing is kept of what is said")]
}

/// What is said of what is kept.
fn told(language: Language, greeting: &Greeting) -> Vec<Seen> {
    let recorded = ("recorded", "recording_notice", "records.recording = \"off\"", "before anything else");
    let written = ("written down", "transcript_notice", "records.transcripts = false", "in the greeting");
    let kept = [(&greeting.recorded, recorded), (&greeting.written, written)];
    let seen = kept.into_iter().filter_map(|(notice, (kept, key, off, place))| {
        let notice = notice.as_ref()?;
        Some(if notice.trim().is_empty() {
            let mend = format!("write `{key}` in the language's phrases.toml, or set {off}");
            Seen::wrong(format!("{language}: nothing says that calls are {kept}"), mend)
        } else {
            Seen::good(format!("{language}: \"{notice}\" is said {place}"))
        })
    });
    seen.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_and_not_told_fails_with_the_mend() {
        let heard = |recorded: Option<&str>, written: Option<&str>| Greeting {
            recorded: recorded.map(str::to_owned),
            written: written.map(str::to_owned),
            text: "Hello!".to_owned(),
        };
        assert_eq!(told(Language::French, &heard(None, None)), []);
        let seen = told(Language::French, &heard(Some("On enregistre."), Some(" ")));
        assert_eq!(
            seen,
            [
                Seen::good("fr-CA: \"On enregistre.\" is said before anything else"),
                Seen::wrong(
                    "fr-CA: nothing says that calls are written down",
                    "write `transcript_notice` in the language's phrases.toml, or set records.transcripts = false"
                ),
            ]
        );
    }
}
