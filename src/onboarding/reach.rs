//! How callers reach the clinic, and the person whom they are passed on to.

use super::{About, Seen};
use crate::clinic::ClinicConfig;
use crate::clinic::number::e164;
use crate::store::Store;

/// A number that two clinics have would bring one clinic's patients to the other.
pub(super) async fn numbers(config: &ClinicConfig, store: Option<&Store>) -> Vec<Seen> {
    if config.numbers.is_empty() {
        return vec![Seen::wrong("no number leads here", "write the numbers that patients dial into `numbers`")];
    }
    let mut seen = vec![Seen::good(config.numbers.join(", "))];
    let made_up: Vec<&str> = config.numbers.iter().map(String::as_str).filter(|number| is_fiction(number)).collect();
    if !made_up.is_empty() {
        let what = format!("{}: kept for fiction (555-01xx), so no carrier brings calls there", made_up.join(", "));
        seen.push(Seen::not_needed(what));
    }
    for (at, number) in config.numbers.iter().enumerate() {
        if config.numbers[..at].contains(number) {
            seen.push(Seen::wrong(format!("{number} is there twice"), "take one of them out of `numbers`"));
        }
    }
    let Some(store) = store else {
        seen.push(Seen::good("store.enabled is false: no other clinic is known here"));
        return seen;
    };
    match store.roster().others_with(&config.id, &config.numbers).await {
        Ok((others, shared)) => {
            seen.extend(shared.into_iter().map(|(number, clinic)| {
                Seen::wrong(
                    format!("{number} leads to `{clinic}` as well"),
                    "take it out of the file of one of the two, and import that file again",
                )
            }));
            seen.push(Seen::good(format!("compared with the numbers of {others} other clinics in the store")));
        }
        Err(error) => seen.push(Seen::wrong(format!("the other clinics' numbers: {error}"), "see to the store")),
    }
    seen
}

/// North American numbers that no telephone has.
fn is_fiction(number: &str) -> bool {
    number.strip_prefix("+1").is_some_and(|rest| rest.len() == 10 && &rest[3..8] == "55501")
}

/// Where calls go that attendant does not take, and callers who want a person.
pub(super) fn transfer(about: &About<'_>) -> Vec<Seen> {
    let config = &about.clinic.config;
    let Some(to) = &config.transfer_to else {
        let mend = "write the telephone number of a person, or a SIP URI, into `transfer_to` of the clinic's file";
        return vec![Seen::wrong("nobody is named whom callers are passed on to", mend)];
    };
    // A call that is passed on to the clinic's own number would come back here.
    let all = [Some(to), about.config.call.transfer_to.as_ref()];
    let mut seen: Vec<Seen> = (all.into_iter().flatten())
        .filter(|to| config.numbers.iter().any(|number| leads_to(to, number)))
        .map(|to| {
            Seen::wrong(
                format!("calls passed on to {to} come back here: it is one of `numbers`"),
                "write a line that a person answers, into `transfer_to` of the clinic's file or of [call]",
            )
        })
        .collect();
    if seen.is_empty() {
        seen.push(Seen::good(format!("{to}, which is none of the clinic's `numbers`")));
    }
    seen
}

fn leads_to(to: &str, number: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let user = to.split(['@', ';']).next().unwrap_or_default();
    digits(user) == digits(number) || e164(to).as_deref() == Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_leads_back_is_found_however_it_is_written() {
        for to in [
            "+16045550100",
            "tel:+1-604-555-0100",
            "sip:+16045550100@carrier.example",
            "sip:16045550100@c.example;x=1",
            "sip:6045550100@c.example",
        ] {
            assert!(leads_to(to, "+16045550100"), "{to}");
        }
        assert!(!leads_to("+16045550142", "+16045550100"));
        assert!(!leads_to("sip:desk@10.16.45.50", "+10164550"));
    }

    #[test]
    fn numbers_of_fiction_are_known() {
        assert!(is_fiction("+16045550100") && is_fiction("+14165550199"));
        assert!(!is_fiction("+16045550200") && !is_fiction("+16045540100") && !is_fiction("+4455501000"));
    }
}
