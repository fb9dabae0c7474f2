//! Where agents and prompts come from: built into the program, or folders of files.

use std::path::Path;

use super::Source;
use crate::language::Language;

macro_rules! reception {
    ($tag:literal, $language:expr) => {
        (
            Source {
                language: $language,
                file: "reception.toml".to_owned(),
                path: concat!("agents/", $tag, "/reception.toml").to_owned(),
                text: include_str!(concat!("../../../agents/", $tag, "/reception.toml")).to_owned(),
            },
            Source {
                language: $language,
                file: "reception.md".to_owned(),
                path: concat!("prompts/", $tag, "/reception.md").to_owned(),
                text: include_str!(concat!("../../../prompts/", $tag, "/reception.md")).to_owned(),
            },
        )
    };
}

/// Agents and prompts that come with the program.
pub(super) fn sources() -> (Vec<Source>, Vec<Source>) {
    [
        reception!("en-CA", Language::English),
        reception!("zh-CN", Language::Mandarin),
        reception!("zh-HK", Language::Cantonese),
        reception!("pa-IN", Language::Punjabi),
        reception!("fr-CA", Language::French),
    ]
    .into_iter()
    .unzip()
}

/// Files in an agents folder that are no agents: the words of the rule-based brain, and the fixed phrases.
const OTHER: [&str; 7] =
    ["phrases.toml", "brain.toml", "booking.toml", "intents.toml", "foreign.toml", "callers.toml", "features.toml"];

/// The files of `<folder>/<language>/` with this extension, by name; languages without a folder are left out.
pub(super) fn read_folder(folder: &Path, extension: &str) -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    for language in Language::ALL {
        let inside = folder.join(language.tag());
        if !inside.is_dir() {
            continue;
        }
        let failed = |path: &Path, e: std::io::Error| {
            format!("{}: cannot be read: {e}; check the folder and its rights", path.display())
        };
        let entries = std::fs::read_dir(&inside).map_err(|e| failed(&inside, e))?;
        let mut paths =
            entries.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, _>>().map_err(|e| failed(&inside, e))?;
        paths.sort();
        for path in paths {
            let file = path.file_name().and_then(|f| f.to_str()).unwrap_or_default().to_owned();
            if path.extension().is_some_and(|e| e == extension) && !OTHER.contains(&file.as_str()) {
                let text = std::fs::read_to_string(&path).map_err(|e| failed(&path, e))?;
                sources.push(Source { language, file, path: path.display().to_string(), text });
            }
        }
    }
    if sources.is_empty() {
        return Err(format!(
            "{}: no *.{extension} in a language's folder; write for instance {}/en-CA/reception.{extension}",
            folder.display(),
            folder.display()
        ));
    }
    Ok(sources)
}
