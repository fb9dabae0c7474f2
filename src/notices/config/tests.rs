use super::*;

/// 32 characters of nothing in particular.
const SECRET: &str = "q7Vx-20mm-T4ps-w9Lk-3Zhd-88Rn-aE";

struct House {
    folder: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("good", SECRET), ("short", "q7Vx-20mm-T4ps"), ("known", &"password".repeat(4))] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Self { folder }
    }

    /// `FILE/` is the folder of secrets.
    fn read(&self, text: &str) -> Result<NoticesConfig, String> {
        let text = text.replace("FILE", &self.folder.path().display().to_string());
        toml::from_str(&text).map_err(|error| error.message().to_owned())
    }

    fn check(&self, text: &str) -> Vec<String> {
        self.read(text).unwrap().check()
    }
}

const GOOD: &str = r#"
    to = ["https://hooks.clinic.example/attendant", "front-desk@clinic.example"]
    secret = { file = "FILE/good" }
    [mail]
    server = "smtps://mail.clinic.example"
    user = "attendant"
    password = { file = "FILE/good" }
    from = "attendant@clinic.example"
    [escalation]
    to = ["manager@clinic.example"]
    after_minutes = 45
"#;

#[test]
fn the_configuration_of_the_page_is_in_order() {
    let page = include_str!("../../../docs/notices.md");
    let (_, rest) = page.split_once("```toml\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let house = House::new();
    let text = block.replace("/run/secrets/mail", "FILE/good");
    let text = text.replace("{ env = \"ATTENDANT_NOTICES_SECRET\" }", "{ file = \"FILE/good\" }");
    let table: toml::Table = text.parse().unwrap();
    assert_eq!(house.check(&toml::to_string(&table["notices"]).unwrap()), Vec::<String>::new());
    assert_eq!(house.check(GOOD), Vec::<String>::new());
}

#[test]
fn mistakes_are_named_with_their_key_and_mend() {
    let house = House::new();
    for (change, to, key, mend) in [
        ("secret = { file = \"FILE/good\" }", "", "notices.secret: missing", "ATTENDANT_NOTICES_SECRET"),
        (
            "secret = { file = \"FILE/good\" }",
            "secret = { file = \"FILE/short\" }",
            "notices.secret: shorter",
            "openssl",
        ),
        (
            "secret = { file = \"FILE/good\" }",
            "secret = { file = \"FILE/known\" }",
            "notices.secret: a well",
            "openssl",
        ),
        ("secret = { file = \"FILE/good\" }", "secret = { file = \"FILE/none\" }", "notices.secret: cannot", "write"),
        ("password = { file = \"FILE/good\" }", "", "notices.mail.password: missing", "/run/secrets"),
        (
            "password = { file = \"FILE/good\" }",
            "password = { file = \"FILE/known\" }",
            "notices.mail.password: a",
            "random",
        ),
        ("user = \"attendant\"", "", "notices.mail.user: missing", "account"),
        ("smtps://mail.clinic.example", "mail.clinic.example", "notices.mail.server: ", "smtps://"),
        ("smtps://mail.clinic.example", "smtps://me:hidden@mail.clinic.example", "notices.mail.server: ", "smtps://"),
        ("[\"manager@clinic.example\"]", "[]", "notices.escalation.to: 0 addresses", "1 to 20"),
        ("after_minutes = 45", "after_minutes = 0", "notices.escalation.after_minutes: 0", "1 to 1440"),
        ("secret =", "ca = \"FILE/good\"\nsecret =", "notices.ca: ", "BEGIN CERTIFICATE"),
        (
            "front-desk@clinic.example",
            "https://hooks.clinic.example/attendant",
            "notices.to: https://hooks.clinic.example/... is",
            "take one out",
        ),
    ] {
        assert!(GOOD.contains(change), "{change}");
        let wrong = house.check(&GOOD.replacen(change, to, 1));
        assert!(wrong.len() == 1 && wrong[0].starts_with(key) && wrong[0].contains(mend), "{change}: {wrong:?}");
        assert!(!wrong[0].contains("hidden") && !wrong[0].contains(SECRET), "{wrong:?}");
    }
    let only_mail = "to = [\"a@b.example\"]";
    assert!(house.check(only_mail)[0].starts_with("notices.mail: missing"));
}

#[test]
fn an_address_that_leaks_or_is_none_is_refused_and_never_shown() {
    let house = House::new();
    for (text, why) in [
        ("http://hooks.clinic.example/hidden", "not encrypted"),
        ("https://me:hidden@hooks.clinic.example", "a user, a password"),
        ("ftp://hooks.clinic.example/hidden", "not encrypted"),
        ("hidden at the front desk", "neither a webhook nor"),
    ] {
        let said = house.read(&format!("to = [{text:?}]")).unwrap_err();
        assert!(said.contains(why) && !said.contains("hidden"), "{said}");
    }
    let local = house.read("to = [\"http://127.0.0.1:8090/x?token=hidden\"]").unwrap();
    assert_eq!(local.to[0].shown(), "http://127.0.0.1:8090/...");
    assert_eq!(shown(&local.to[0].to_string()), local.to[0].shown());
    assert_eq!(shown("front-desk@clinic.example"), "front-desk@clinic.example");
}

#[test]
fn a_mail_server_is_reached_with_tls_unless_it_is_this_machine() {
    let house = House::new();
    let server = |url: &str| {
        let text = format!("to = []\n[mail]\nserver = \"{url}\"\nfrom = \"a@b.example\"");
        let Server { host, port, tls } = house.read(&text).unwrap().mail.unwrap().server().unwrap();
        (host, port, tls)
    };
    assert_eq!(server("smtps://m.example"), ("m.example".to_owned(), 465, Tls::FromTheFirstByte));
    assert_eq!(server("smtp://m.example:2525"), ("m.example".to_owned(), 2525, Tls::Starttls));
    assert_eq!(server("smtp://127.0.0.1"), ("127.0.0.1".to_owned(), 25, Tls::Without));
    assert_eq!(server("smtp://[::1]:25"), ("::1".to_owned(), 25, Tls::Without));
}

#[test]
fn what_callers_left_stays_in_the_country_that_the_clinic_names() {
    let house = House::new();
    let country = |text: &str| Country::try_from(text.to_owned()).unwrap();
    let leaving = |text: &str| house.read(&GOOD.replacen("secret", text, 1)).unwrap().leaving(&country("CA"));
    assert_eq!(leaving("secret"), Vec::<String>::new());
    assert_eq!(leaving("content = \"whole\"\ncountry = \"CA\"\nsecret"), Vec::<String>::new());
    let unstated = leaving("content = \"whole\"\nsecret");
    assert!(unstated.len() == 1 && unstated[0].contains("notices.country"), "{unstated:?}");
    assert!(leaving("content = \"whole\"\ncountry = \"US\"\nsecret")[0].contains("to US"));
}
