//! A clinic whose appointments an OSCAR keeps.

use attendant::clinic::Clinic;
use attendant::config::SecretSource;
use attendant::emr::oscar::Oscar;
use attendant::state::Shared;

/// What tests change of `[emr.oscar]`.
pub struct Settings<'a> {
    pub id: &'a str,
    pub base_url: &'a str,
    pub dialect: &'a str,
    pub user: &'a str,
    pub password: &'a str,
    /// As in the file: `101 = "Dr. Wei Chen"`, a line each.
    pub providers: &'a str,
    pub timezone: &'a str,
    pub connect_ms: u64,
    pub read_ms: u64,
    pub settle_ms: u64,
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Self {
            id: "harbour-street",
            base_url: "http://127.0.0.1:1/oscar/ws",
            dialect: "mcmaster",
            user: "attendant",
            password: "pw",
            providers: "101 = \"Dr. Wei Chen\"",
            timezone: "America/Toronto",
            connect_ms: 2_000,
            read_ms: 4_000,
            settle_ms: 2_000,
        }
    }
}

impl Settings<'_> {
    pub fn clinic(&self) -> Clinic {
        let folder = tempfile::tempdir().expect("as the test has it");
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("user"), self.user).expect("as the test has it");
        std::fs::write(path("password"), self.password).expect("as the test has it");
        let sample = include_str!("../../../agents/sample-clinic.toml")
            .replace("kind = \"book\"", "kind = \"oscar\"")
            .replace("id = \"harbour-street\"", &format!("id = \"{}\"", self.id))
            .replace("America/Vancouver", self.timezone);
        let oscar = format!(
            "\n[emr.oscar]\nbase_url = \"{}\"\ndialect = \"{}\"\nuser = {{ file = \"{}\" }}\npassword = {{ file = \"{}\" }}\n\
             connect_ms = {}\nread_ms = {}\nsettle_ms = {}\n[emr.oscar.providers]\n{}\n",
            self.base_url,
            self.dialect,
            path("user"),
            path("password"),
            self.connect_ms,
            self.read_ms,
            self.settle_ms,
            self.providers
        );
        let file = folder.path().join("clinic.toml");
        std::fs::write(&file, sample + &oscar).expect("as the test has it");
        Clinic::load(&file).expect("as the test has it")
    }

    /// Reads its secrets here and now: the files are gone afterwards.
    pub fn oscar(&self) -> (Clinic, Oscar) {
        self.sharing(&Shared::default())
    }

    pub fn sharing(&self, shared: &Shared) -> (Clinic, Oscar) {
        rustls::crypto::ring::default_provider().install_default().ok();
        let folder = tempfile::tempdir().expect("as the test has it");
        let mut clinic = self.clinic();
        let emr = clinic.config.emr.as_mut().expect("as the test has it").oscar.as_mut().expect("as the test has it");
        for (name, secret, source) in
            [("user", self.user, &mut emr.user), ("password", self.password, &mut emr.password)]
        {
            let path = folder.path().join(name);
            std::fs::write(&path, secret).expect("as the test has it");
            *source = Some(SecretSource { env: None, file: Some(path) });
        }
        let oscar = Oscar::sharing(&clinic, shared).expect("as the test has it");
        (clinic, oscar)
    }
}
