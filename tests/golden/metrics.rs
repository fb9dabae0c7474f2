//! The metrics: their names and labels, that each has its line in docs/metrics.md, and that the code counts nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use attendant::telemetry::metrics::{BUCKETS, Kind, METRICS, Metric};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn line(metric: &Metric) -> String {
    let kind = format!("{:?}", metric.kind).to_lowercase();
    let labels = if metric.labels.is_empty() { String::new() } else { format!("{{{}}}", metric.labels.join(", ")) };
    format!("{kind} {}{labels}", metric.name)
}

#[test]
fn the_metrics_are_these() {
    let lines: Vec<String> = METRICS.iter().map(line).collect();
    let wanted = "\
gauge calls_active{clinic}
counter calls_ended_total{clinic, reason}
counter calls_refused_total{clinic, why}
counter calls_to_nobody_total
counter calls_of_one_number_total{clinic, per}
counter rate_limited_total{clinic, what}
gauge clinic_takes_calls{clinic}
gauge clinic_holidays_ahead_days{clinic}
histogram attendant_response_seconds{filler, language}
histogram attendant_response_own_seconds{filler, language}
counter call_faults_total
counter transport_commands_dropped_total
counter provider_failures_total{kind, provider}
counter provider_breaker_opened_total{clinic, provider}
counter llm_failovers_total{words}
counter llm_ungrounded_total{kind}
counter llm_hedges_total{provider}
counter llm_hedges_lost_total{provider}
counter llm_drafts_total{outcome}
counter llm_tokens_total{kind}
counter cost_units_total{model, provider, unit}
counter cost_micros_total{model, provider}
gauge budget_spent_percent{clinic}
gauge budget_level{clinic}
counter calls_cheaper_total
counter cost_unpriced_total{model, provider}
counter emr_unknown_outcomes_total
counter emr_withdrawn_total
gauge state_redis_up
gauge state_instances
counter state_failures_total{operation}
counter state_late_dropped_total
counter state_locks_lost_total
counter stt_inputs_dropped_total
counter deepgram_configure_failures_total
counter deepgram_idle_closes_total
counter cartesia_late_messages_total
counter elevenlabs_late_messages_total
counter whisper_faults_total
counter whisper_sessions_refused_total
counter whisper_partials_skipped_total
counter whisper_refused_total
counter whisper_rejected_total{why}
counter rtp_send_failed_total
counter rtp_strangers_total
counter rtcp_send_failed_total
counter rtcp_strangers_total
counter sip_dropped_total{reason}
gauge sip_trunk_reachable
gauge sip_trunk_registered
counter http_connections_closed_total{why}
counter webhooks_refused_total{carrier, why}
counter stream_upgrades_refused_total{carrier}
counter stream_upgrades_failed_total
counter stream_never_connected_total{carrier}
counter stream_refused_total{carrier, why}
counter stream_malformed_total{carrier}
counter stream_receive_dropped_total{carrier}
counter stream_send_dropped_total
counter stream_signals_dropped_total{carrier}
counter stream_slow_readers_total{carrier}
counter stream_slow_endings_total{carrier}
counter stream_unclean_closes_total{carrier}
counter stream_marks_overdue_total{carrier}
counter stream_last_words_unconfirmed_total{carrier}
histogram stream_last_words_seconds{carrier}
counter stream_carrier_errors_total{carrier}
counter stream_carrier_commands_failed_total{carrier}
counter stream_client_signals_dropped_total
counter stream_client_receive_dropped_total
counter records_lines_dropped_total
counter records_frames_dropped_total
counter records_closes_dropped_total
counter records_closes_delayed_total
counter records_uploads_total
counter records_upload_failures_total
gauge records_uploads_waiting{clinic}
counter store_records_kept_total
counter store_failures_total
counter store_ends_dropped_total
counter store_notes_dropped_total
gauge store_records_waiting{clinic}
gauge store_up{clinic}
gauge store_connections{clinic, state}
counter notices_sent_total{channel, stage}
counter notices_failed_total{channel}
gauge notices_waiting{clinic}
gauge notices_oldest_seconds{clinic}
counter messages_escalated_total
gauge messages_unacknowledged{clinic}
gauge requests_oldest_seconds{clinic}
counter retention_purged_total{what}
counter retention_failures_total
";
    assert_eq!(lines.join("\n") + "\n", wanted);
}

#[test]
fn each_has_its_line_in_the_documentation() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/metrics.md")).expect("the page is there");
    let rows: Vec<&str> = page.lines().filter(|row| row.starts_with("| `")).collect();
    let wanted: Vec<String> = METRICS
        .iter()
        .map(|Metric { name, kind, labels, help }| {
            let kind = format!("{kind:?}").to_lowercase();
            let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
            format!("| `{name}` | {kind} | {} | {help} |", labels.join(", "))
        })
        .collect();
    assert_eq!(rows, wanted);
}

/// What the sources count, in the table's own form.
fn counted(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            counted(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text: String = fs::read_to_string(&path).expect("a source is text").split_whitespace().collect();
            for kind in ["counter", "gauge", "histogram"] {
                let begins = format!("metrics::{kind}!(\"");
                found.extend(text.split(&begins).skip(1).map(|call| format!("{kind} {}", named(call))));
            }
        }
    }
}

/// Name and labels of `NAME","LABEL"=>VALUE,"LABEL"=>VALUE).increment(...`.
fn named(call: &str) -> String {
    let (name, rest) = call.split_once('"').expect("the name ends");
    let (labels, _) = rest.split_once(").").expect("something is done with it");
    let mut labels: Vec<&str> = labels
        .match_indices("\"=>")
        .filter_map(|(end, _)| labels[..end].rsplit_once('"'))
        .map(|(_, label)| label)
        .collect();
    labels.sort_unstable();
    if labels.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", labels.join(", ")) }
}

#[test]
fn nothing_else_is_counted_and_nothing_of_them_is_not() {
    let mut found = BTreeSet::new();
    counted(&Path::new(ROOT).join("src"), &mut found);
    let wanted: BTreeSet<String> = METRICS.iter().map(line).collect();
    assert_eq!(found, wanted);
}

#[test]
fn each_histogram_has_its_buckets() {
    let histograms: BTreeSet<&str> =
        METRICS.iter().filter(|metric| metric.kind == Kind::Histogram).map(|metric| metric.name).collect();
    assert_eq!(BUCKETS.map(|(name, _)| name).into_iter().collect::<BTreeSet<_>>(), histograms);
}

#[test]
fn counters_end_in_total_and_nothing_else_does() {
    for metric in METRICS {
        assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{}", metric.name);
        assert!(metric.labels.is_sorted(), "{}", metric.name);
    }
}
