//! `[records]` in the configuration.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::bucket::S3Config;

/// `[records]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordsConfig {
    /// Where records go; by default `$XDG_DATA_HOME/attendant/records`, that is `~/.local/share/attendant/records`: not the
    /// working folder, which may be a repository.
    pub path: Option<PathBuf>,
    /// Keep a journal of each call: what was said, and when each stage of each turn happened. The greeting says so.
    pub transcripts: bool,
    /// `off`, or `announced`: calls are recorded, and begin with a notice that says so.
    pub recording: Recording,
    /// Where sealed recordings go once they are over; unset: they stay on the disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3Config>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recording {
    #[default]
    Off,
    Announced,
}

impl Default for RecordsConfig {
    fn default() -> Self {
        Self { path: None, transcripts: true, recording: Recording::Off, s3: None }
    }
}

impl RecordsConfig {
    /// The folder that is used.
    pub fn folder(&self) -> PathBuf {
        self.path.clone().unwrap_or_else(default_folder)
    }

    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let folder = self.folder();
        let mut wrong: Vec<String> = self.s3.iter().flat_map(S3Config::check).collect();
        wrong.extend(match folder.ancestors().find(|folder| folder.exists()) {
            Some(there) if there.is_dir() => Vec::new(),
            Some(file) => vec![format!(
                "records.path: {} is not a folder; name a folder that exists or can be created",
                file.display()
            )],
            None if folder.is_relative() => Vec::new(),
            None => vec![format!("records.path: {} cannot be created; name another folder", folder.display())],
        });
        wrong
    }

    /// What is wrong if nothing seals recordings: they leave the disk sealed, or not at all.
    pub fn check_unsealed(&self) -> Vec<String> {
        let wrong =
            "records.s3: without a store nothing seals recordings; set store.enabled = true, or take [records.s3] out";
        self.s3.iter().map(|_| wrong.to_owned()).collect()
    }
}

fn default_folder() -> PathBuf {
    let data = std::env::var_os("XDG_DATA_HOME")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")))
        .unwrap_or_default();
    data.join("attendant/records")
}
