//! The alert rules: what they ask for is counted, the bounds they compare with are boundaries of buckets, and the runbook says what to do.

use std::fs;
use std::path::Path;

use attendant::telemetry::metrics::{BUCKETS, Kind, METRICS};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Words of PromQL with an underscore.
const FUNCTIONS: [&str; 1] = ["histogram_quantile"];

fn rules() -> String {
    let folder = fs::read_dir(Path::new(ROOT).join("deploy/alerts")).expect("the rules are there");
    let files = folder.map(|file| file.expect("listed").path()).filter(|path| path.is_file());
    files.map(|file| fs::read_to_string(file).expect("a rule file is text")).collect()
}

/// What follows `key: ` in each rule.
fn values<'a>(rules: &'a str, key: &str) -> Vec<&'a str> {
    let lines = rules.lines().map(|line| line.trim_start().trim_start_matches("- "));
    lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).collect()
}

/// The metric's name, and the histogram's bounds if it is one.
fn metric(name: &str) -> Option<&'static str> {
    let is_known = |name: &str, kind: Option<Kind>| {
        METRICS.iter().find(|metric| metric.name == name && kind.is_none_or(|kind| metric.kind == kind))
    };
    let parts = ["_bucket", "_sum", "_count"];
    let histogram = parts.iter().find_map(|part| is_known(name.strip_suffix(part)?, Some(Kind::Histogram)));
    let plain = || is_known(name, None).filter(|metric| metric.kind != Kind::Histogram);
    histogram.or_else(plain).map(|metric| metric.name)
}

#[test]
fn every_rule_asks_for_what_is_counted() {
    let rules = rules();
    let asked = values(&rules, "expr");
    assert_eq!(asked.len(), values(&rules, "alert").len(), "each expression stands on the line of its key");
    for expression in asked {
        let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let names: Vec<&str> = words.filter(|word| word.contains('_') && !FUNCTIONS.contains(word)).collect();
        assert!(!names.is_empty(), "{expression}");
        for name in names {
            assert!(metric(name).is_some(), "{name}, of {expression}, is not in the table of metrics");
        }
    }
}

#[test]
fn a_quantile_is_compared_with_a_boundary_of_its_buckets() {
    let rules = rules();
    for expression in values(&rules, "expr").into_iter().filter(|text| text.starts_with("histogram_quantile(")) {
        let (_, bound) = expression.rsplit_once("> ").expect("it is compared");
        let bound: f64 = bound.parse().expect("with a number");
        let (_, buckets) = BUCKETS.iter().find(|(name, _)| expression.contains(name)).expect("it has buckets");
        assert!(buckets.contains(&bound), "{bound} in {buckets:?}");
    }
}

#[test]
fn answers_that_take_over_3_s_at_p95_raise_an_alert() {
    let wanted = "histogram_quantile(0.95, sum by (le) (rate(attendant_response_seconds_bucket[5m]))) > 3";
    assert!(values(&rules(), "expr").contains(&wanted), "V3");
}

#[test]
fn the_runbook_says_what_to_do_about_each() {
    let runbook = fs::read_to_string(Path::new(ROOT).join("docs/runbook.md")).expect("the page is there");
    for alert in values(&rules(), "alert") {
        assert!(runbook.contains(&format!("| `{alert}` |")), "{alert} has no row in docs/runbook.md");
    }
}
