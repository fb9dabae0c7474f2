use super::*;

fn with(change: &str, to: &str) -> Result<ClinicConfig, toml::de::Error> {
    let text = include_str!("../../agents/sample-clinic.toml");
    assert!(text.contains(change));
    toml::from_str(&text.replace(change, to))
}

#[test]
fn the_sample_clinic_is_in_order() {
    let clinic = Clinic::sample();
    assert_eq!(clinic.name(Language::English), "Harbour Street Medical Clinic");
    assert_eq!(clinic.name(Language::French), "la Clinique médicale de la rue Harbour");
    for language in Language::ALL {
        assert!(clinic.config.parking.contains_key(&language), "{language}");
        assert!(clinic.config.directions.contains_key(&language), "{language}");
    }
}

#[test]
fn mistakes_are_named_with_their_key_and_mend() {
    let wrong = with("America/Vancouver", "America/Vancuver").unwrap().check();
    assert!(wrong[0].starts_with("timezone: `America/Vancuver`") && wrong[0].contains("America/Toronto"), "{wrong:?}");
    let wrong = with("+16045550142", "front desk").unwrap().check();
    assert!(wrong[0].starts_with("transfer_to:"), "{wrong:?}");
    for extension in ["front", "1", "16045550100"] {
        let extensions = format!("extensions = [\"{extension}\"]\nfax =");
        let wrong = with("fax =", &extensions).unwrap().check();
        assert!(wrong[0].starts_with(&format!("extensions: `{extension}` is none; write 2")), "{wrong:?}");
    }
}

#[test]
fn only_what_tells_calls_apart_keeps_a_clinic_from_being_one_of_several() {
    let text = include_str!("../../agents/sample-clinic.toml");
    let routed = |change: &str, to: &str| {
        assert!(text.contains(change), "{change}");
        Clinic::routed_of(&text.replace(change, to), "clinic.toml")
    };
    for (change, to, key) in [
        ("America/Vancouver", "America/Vancuver", "timezone"),
        ("phone = \"+16045550100\"", "phone = \"front desk\"", "phone"),
        ("name = \"Maria Santos\"", "name = \" \"", "privacy_officer.name"),
        ("timezone = ", "max_calls = 0\ntimezone = ", "max_calls"),
        ("kind = \"book\" ", "kind = \"fhir\" ", "emr.fhir"),
    ] {
        let clinic = routed(change, to).unwrap();
        assert!(clinic.faults()[0].starts_with(&format!("clinic.toml: {key}: ")), "{:?}", clinic.faults());
        assert_eq!(clinic.knows_its_nights(), key != "timezone");
        let ClinicError(refused) = Clinic::of(&text.replace(change, to), "clinic.toml").unwrap_err();
        assert_eq!(refused, clinic.faults());
    }
    for (change, to, key) in [
        ("id = \"harbour-street\"", "id = \"harbour street\"", "id"),
        ("numbers = [\"+16045550100\"]", "numbers = [\"604\"]", "numbers"),
        ("numbers = [\"+16045550100\"]", "extensions = [\"1\"]", "extensions"),
        ("+16045550142", "front desk", "transfer_to"),
    ] {
        let refused = routed(change, to).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("clinic.toml: {key}: ")), "{refused}");
    }
    let days = routed("calls_days = 365", "calls_days = 0").unwrap();
    assert!(!days.knows_its_nights() && days.faults()[0].contains("retention."), "{:?}", days.faults());
}

#[test]
fn a_privacy_officer_must_be_somebody_who_can_be_reached() {
    let wrong = |change, to| with(change, to).unwrap().check();
    let written = "email = \"privacy@harbour-street.example\"";
    assert_eq!(wrong(written, "phone = \"+16045550143\""), Vec::<String>::new());
    for (to, key) in [
        ("", "privacy_officer: cannot be reached"),
        ("email = \"at reception\"", "privacy_officer.email:"),
        ("phone = \"604\"", "privacy_officer.phone:"),
    ] {
        assert!(wrong(written, to)[0].starts_with(key), "{to}");
    }
    assert!(wrong("name = \"Maria Santos\"", "name = \" \"")[0].starts_with("privacy_officer.name:"));
}

#[test]
fn a_lexicon_that_says_nothing_is_told_by_its_word() {
    let text = include_str!("../../agents/sample-clinic.toml")
        .replace("[hours]", "[lexicon.en-CA]\nTsawwassen = \"...\"\n[hours]");
    let wrong = toml::from_str::<ClinicConfig>(&text).unwrap().check();
    assert_eq!(wrong, ["lexicon.en-CA.\"Tsawwassen\": says nothing; write how it is said, in letters"]);
}

#[test]
fn spans_must_run_forwards_and_keys_must_be_known() {
    assert!(with("09:00-13:00", "13:00-09:00").unwrap_err().to_string().contains("ends before it begins"));
    assert!(with("09:00-13:00", "nine").unwrap_err().to_string().contains("08:30-17:00"));
    assert!(with("[parking]", "[parkng]").unwrap_err().to_string().contains("parkng"));
}
