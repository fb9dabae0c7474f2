//! Reading the file and the environment, and finding out who is to blame for a value.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use config::{ConfigError, Environment, File, FileFormat, Value};
use serde::de::DeserializeOwned;

use super::problem::{Problem, Problems};

/// Variables that begin so are configuration; `__` separates section and key.
const PREFIX: &str = "ATTENDANT";

/// Keys whose value is a list; in the environment its members are separated by commas.
const LISTS: [&str; 7] =
    ["api.listen", "sip.udp", "sip.tcp", "sip.codecs", "sip.allow", "sip.trunk.proxies", "state.redis"];

/// Where values come from. The environment is handed in, so that tests need not change their own.
#[derive(Clone, Debug, Default)]
pub struct Source {
    file: Option<PathBuf>,
    environment: HashMap<String, String>,
}

impl Source {
    pub fn new(file: Option<PathBuf>, environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let environment =
            environment.into_iter().filter(|(name, _)| name.starts_with(&format!("{PREFIX}__"))).collect();
        Self { file, environment }
    }

    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    pub(super) fn read(&self) -> Result<Read<'_>, Problems> {
        let mut builder = config::Config::builder();
        if let Some(path) = &self.file {
            builder = builder.add_source(File::from(path.as_path()).format(FileFormat::Toml));
        }
        let mut environment = Environment::with_prefix(PREFIX)
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .source(Some(self.environment.clone()));
        for key in LISTS {
            environment = environment.with_list_parse_key(key);
        }
        let merged = builder
            .add_source(environment)
            .build()
            .and_then(|config| config.try_deserialize::<HashMap<String, Value>>())
            .map_err(|error| Problems(vec![self.unreadable(&error)]))?;
        Ok(Read { source: self, sections: merged, known: Vec::new(), problems: Vec::new() })
    }

    /// Turns `section.key: what; mend` into a problem with its place.
    pub(super) fn blame(&self, text: &str) -> Problem {
        let (key, rest) = text.split_once(": ").unwrap_or(("", text));
        let (what, mend) = rest.split_once("; ").unwrap_or((rest, "see docs/configure.md"));
        Problem { place: self.place(key), key: key.to_owned(), what: what.to_owned(), mend: mend.to_owned() }
    }

    /// The variable that sets this key, else the file, else what is built in.
    fn place(&self, key: &str) -> String {
        let name = format!("{PREFIX}__{}", key.replace('.', "__"));
        match (self.environment.keys().find(|set| set.eq_ignore_ascii_case(&name)), &self.file) {
            (Some(variable), _) => variable.clone(),
            (None, Some(file)) => file.display().to_string(),
            (None, None) => "built-in defaults".to_owned(),
        }
    }

    fn unreadable(&self, error: &ConfigError) -> Problem {
        let place = self.place("");
        match error {
            ConfigError::FileParse { cause, .. } => Problem {
                place,
                key: String::new(),
                what: format!("not TOML: {}", toml_error(&cause.to_string())),
                mend: "write `[section]` and `key = value` lines, as in docs/configure.md".into(),
            },
            other => Problem {
                place,
                key: String::new(),
                what: format!("cannot be read: {}", one_line(&other.to_string())),
                mend: "name a file that exists and can be read with --config".into(),
            },
        }
    }
}

/// The merged values, taken apart section by section.
#[derive(Debug)]
pub(super) struct Read<'a> {
    source: &'a Source,
    sections: HashMap<String, Value>,
    known: Vec<&'static str>,
    problems: Vec<Problem>,
}

impl Read<'_> {
    /// This section, or its default if it is absent or wrong (which is then reported by `finish`).
    pub(super) fn section<T: DeserializeOwned + Default>(&mut self, name: &'static str) -> T {
        self.known.push(name);
        let Some(value) = self.sections.remove(name) else { return T::default() };
        value.clone().try_deserialize().unwrap_or_else(|error| {
            let problem = self.describe::<T>(name, value, &error);
            self.problems.push(problem);
            T::default()
        })
    }

    /// What was wrong, and every section that nobody took.
    pub(super) fn finish(mut self) -> Result<(), Problems> {
        let mut unknown: Vec<String> = self.sections.into_keys().collect();
        unknown.sort();
        for name in unknown {
            let known = self.known.join(", ");
            let text = format!("{name}: unknown section; want one of {known}");
            self.problems.push(self.source.blame(&text));
        }
        if self.problems.is_empty() { Ok(()) } else { Err(Problems(self.problems)) }
    }

    fn describe<T: DeserializeOwned>(&self, section: &str, value: Value, error: &ConfigError) -> Problem {
        let (path, mut what, mut mend) = explain(error);
        if what.contains("variant constructor") {
            // The crate knows the key but not the choices; serde_json knows the choices but not the key.
            let again = value.try_deserialize::<serde_json::Value>().map(serde_json::from_value::<T>);
            if let Ok(Err(error)) = again {
                (_, what, mend) = from_serde(&error.to_string());
            }
        }
        let key = if path.is_empty() { section.to_owned() } else { format!("{section}.{path}") };
        self.source.blame(&format!("{key}: {what}; {mend}"))
    }
}

/// Path within the section, what is wrong, what is wanted.
fn explain(error: &ConfigError) -> (String, String, String) {
    match error {
        ConfigError::Type { unexpected, expected, key, .. } => {
            (key.clone().unwrap_or_default(), format!("{unexpected} is of the wrong kind"), format!("write {expected}"))
        }
        ConfigError::At { error, key, .. } => {
            let (inner, what, mend) = explain(error);
            let path = [key.clone().unwrap_or_default(), inner];
            (path.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("."), what, mend)
        }
        ConfigError::NotFound(key) => (key.clone(), "missing".into(), "set it, as in docs/configure.md".into()),
        other => from_serde(&one_line(&other.to_string())),
    }
}

/// serde says "unknown field `x`, expected one of ..." and "unknown variant `x`, expected ...".
fn from_serde(text: &str) -> (String, String, String) {
    let (what, wanted) = text.split_once(", expected ").unwrap_or((text, ""));
    let wanted = wanted.trim_start_matches("one of ").replace('`', "");
    let mend = if wanted.is_empty() { "see docs/configure.md".to_owned() } else { format!("want one of {wanted}") };
    match what.strip_prefix("unknown field `").and_then(|rest| rest.strip_suffix('`')) {
        Some(field) => (field.to_owned(), "unknown key".to_owned(), mend),
        None => (String::new(), what.to_owned(), mend),
    }
}

/// The parser draws a picture over several lines: keep where, and what.
fn toml_error(text: &str) -> String {
    let place = text.lines().next().unwrap_or_default().trim_start_matches("TOML parse error at ");
    let what = text.lines().last().unwrap_or_default().trim();
    format!("{place}: {what}")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
