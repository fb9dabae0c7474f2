//! The page of the tools names what models are given: every tool with all its arguments, and every code that may come back.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use attendant::agent::tools::ToolName;

const PAGE: &str = include_str!("../../docs/tools.md");

fn row(tool: ToolName) -> &'static str {
    let begins = format!("| `{}` |", tool.name());
    PAGE.lines().find(|line| line.starts_with(&begins)).unwrap_or_else(|| panic!("docs/tools.md has {}", tool.name()))
}

#[test]
fn the_page_has_every_tool_and_marks_the_arguments_it_must_have() {
    for tool in ToolName::ALL {
        let (row, schema) = (row(tool), tool.spec().parameters);
        let must: BTreeSet<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(|name| name.as_str()).collect();
        for (name, property) in schema["properties"].as_object().expect("an object has properties") {
            let mark = if must.contains(name.as_str()) { "!" } else { "" };
            assert!(row.contains(&format!("`{name}`{mark}")), "{}: {name}{mark} is missing", tool.name());
            assert_eq!(row.contains(&format!("`{name}`!")), must.contains(name.as_str()), "{}: {name}", tool.name());
            for value in property["enum"].as_array().into_iter().flatten().filter_map(|value| value.as_str()) {
                // Weekdays, provinces, languages and letters are as everybody writes them.
                let known = value.ends_with("day") || value.len() <= 2 || value.contains('-');
                assert!(known || row.contains(value), "{}: {name}: {value} is missing", tool.name());
            }
        }
        assert_eq!(row.contains("| book"), tool.needs_book(), "{}: where there is a book", tool.name());
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("readable").path();
        if path.is_dir() { sources(&path, found) } else { found.push(path) }
    }
}

/// What stands in quotes as the first argument of a refusal.
fn codes(source: &str) -> impl Iterator<Item = &str> {
    let makers = ["Outcome::refused(", "Outcome::told("];
    makers.into_iter().flat_map(|maker| source.split(maker).skip(1)).filter_map(|rest| {
        let (code, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
        Some(code)
    })
}

#[test]
fn the_page_has_every_code_that_may_come_back() {
    let agent = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/agent");
    let mut files = vec![agent.join("tools.rs")];
    sources(&agent.join("tools"), &mut files);
    sources(&agent.join("conversation"), &mut files);
    let mut found = 0;
    for file in files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "rs")) {
        let source = fs::read_to_string(file).expect("readable");
        for code in codes(&source) {
            assert!(PAGE.contains(&format!("`{code}`")), "{}: docs/tools.md has no `{code}`", file.display());
            found += 1;
        }
    }
    assert!(found > 30, "{found}");
}
