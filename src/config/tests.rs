use std::io::Write;

use super::*;

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let source = Source::new(Some(file.path().to_path_buf()), environment);
    Config::load(&source).map_err(|problems| problems.to_string().replace(&file.path().display().to_string(), "FILE"))
}

#[test]
fn an_empty_file_is_the_defaults() {
    assert_eq!(load("", &[]), Ok(Config::default()));
}

#[test]
fn the_environment_overrides_the_file() {
    let config = load("[call]\nmax_calls = 7\n", &[("ATTENDANT__CALL__MAX_CALLS", "9")]).unwrap();
    assert_eq!(config.call.max_calls, 9);
}

#[test]
fn a_list_in_the_environment_is_separated_by_commas() {
    let config = load("", &[("ATTENDANT__SIP__UDP", "127.0.0.1:5070,127.0.0.1:5071")]);
    let udp: Vec<String> = config.unwrap().sip.udp.iter().map(ToString::to_string).collect();
    assert_eq!(udp, ["127.0.0.1:5070", "127.0.0.1:5071"]);
}

#[test]
fn other_variables_are_not_configuration() {
    assert!(load("", &[("ATTENDANT_MODELS_DIR", "/models"), ("CALL__MAX_CALLS", "9")]).is_ok());
}

#[test]
fn problems_of_several_sections_are_reported_at_once_with_place_key_and_mend() {
    let problems = load("[call]\nmax_call = 7\n\n[log]\nformat = \"xml\"\n\n[sips]\nport = 1\n", &[]).unwrap_err();
    insta::assert_snapshot!(problems);
}

#[test]
fn a_value_of_the_wrong_kind_names_the_variable_it_came_from() {
    let problems = load("", &[("ATTENDANT__CALL__MAX_CALLS", "many")]).unwrap_err();
    insta::assert_snapshot!(problems);
}

#[test]
fn a_value_out_of_range_says_what_to_write() {
    let problems = load("[call]\nfiller_ms = 9000\n\n[log]\nfilter = \"loud=very\"\n", &[]).unwrap_err();
    insta::assert_snapshot!(problems);
}

#[test]
fn a_hosted_recogniser_that_cannot_work_is_told_before_a_call() {
    let text = "[clinic]\nlanguage = \"zh-HK\"\n\n[providers.deepgram]\nmodel = \"flux\"\nbase_url = \"https://api.deepgram.com\"\n\
        key = { env = \"ATTENDANT_TEST_NOT_SET\" }\neot_threshold = 0.2\nsilence_ms = 9000\n";
    insta::assert_snapshot!(load(text, &[]).unwrap_err());
    let no_key = load("[providers.deepgram]\nmodel = \"nova-3\"\n", &[]).unwrap_err();
    assert!(no_key.contains("key") && no_key.contains("missing"), "{no_key}");
}

#[test]
fn a_key_of_a_providers_section_that_nobody_knows_or_can_read_is_told() {
    let key = "key = { env = \"PATH\" }\n";
    let unknown = load(&format!("[providers.deepgram]\n{key}modle = \"flux\"\n"), &[]).unwrap_err();
    let known = "base_url, key, country, ca, model, eot_threshold";
    assert!(
        unknown.starts_with(&format!("FILE: providers.deepgram.modle: unknown key; want one of {known}, ")),
        "{unknown}"
    );
    for (text, wrong) in [
        (
            "[providers.cartesia]\ncountry = \"Canada\"\nvoices = {}\n",
            "providers.cartesia.country: `Canada` is no country; write two",
        ),
        (
            "[providers.sarvam]\nconnect_ms = \"soon\"\n",
            "providers.sarvam.connect_ms: string \"soon\" is of the wrong kind; write an integer",
        ),
        ("[providers.azure_speech]\n", "providers.azure_speech.region: missing; set it"),
    ] {
        let said = load(&format!("{text}{key}"), &[]).unwrap_err();
        assert!(said.starts_with(&format!("FILE: {wrong}")), "{said}");
    }
}

#[test]
fn an_order_of_providers_that_cannot_be_followed_is_told() {
    let text = "[providers.cartesia]\nkey = { env = \"PATH\" }\nvoices = { en-CA = \"v\" }\n\n[providers.hearing]\n\
        zh-HK = [\"deepgram\", \"whisper\"]\npa-IN = []\n\n[providers.speaking]\nfr-CA = [\"cartesia\", \"embedded\"]\n";
    insta::assert_snapshot!(load(text, &[]).unwrap_err());
}

#[test]
fn a_file_that_is_not_toml_says_where() {
    let problems = load("[call\n", &[]).unwrap_err();
    insta::assert_snapshot!(problems);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let problems = Config::load(&Source::new(Some("nowhere/attendant.toml".into()), [])).unwrap_err();
    insta::assert_snapshot!(problems);
}
