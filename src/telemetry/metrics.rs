//! Every metric there is, in one table, and Prometheus' text of them all: `GET /metrics` of the API.
//!
//! Labels name a provider, a carrier, a language or a reason, each from a fixed list, or a clinic of the configuration by its id; never a call, a number or a name. docs/metrics.md prints the table.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// How often what histograms have gathered is summed up, so that it does not grow between two readers.
pub const UPKEEP: Duration = Duration::from_secs(10);

/// A goodbye is waited for at most 2 s. Seconds.
const LAST_WORDS: [f64; 6] = [0.1, 0.25, 0.5, 1.0, 1.5, 2.0];
/// About the goal of 1 s and the alarm at 3 s (V3), which must be a boundary or the alarm is a guess. Seconds.
const RESPONSE: [f64; 12] = [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0];
/// About the goals of 30 ms at p50 and 60 ms at p99 (V3). Seconds.
const OWN_SHARE: [f64; 11] = [0.005, 0.01, 0.015, 0.02, 0.03, 0.045, 0.06, 0.1, 0.2, 0.5, 1.0];

/// The boundaries of each histogram's buckets.
pub const BUCKETS: [(&str, &[f64]); 3] = [
    ("attendant_response_seconds", &RESPONSE),
    ("attendant_response_own_seconds", &OWN_SHARE),
    ("stream_last_words_seconds", &LAST_WORDS),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    /// In alphabetical order.
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, labels, help }
}

/// By subject, as they are read.
pub const METRICS: &[Metric] = &[
    gauge("calls_active", &["clinic"], "Calls that are going on, ringing included."),
    counter(
        "calls_ended_total",
        &["clinic", "reason"],
        "Calls that have ended, by why: Caller, Goodbye, Transferred, ..., as in their records.",
    ),
    counter(
        "calls_refused_total",
        &["clinic", "why"],
        "Calls that were not taken: not_ready (a provider is not well), full, or, passed on to the clinic's own line, not_checked (the clinic has not passed its gates), disabled or broken (it could not be started).",
    ),
    counter(
        "calls_to_nobody_total",
        &[],
        "Calls to a number that is no clinic's, where there are several: they were refused.",
    ),
    counter(
        "calls_of_one_number_total",
        &["clinic", "per"],
        "Calls of a number that had called more often in the minute or the day than [limits] of the clinic expects; they were taken.",
    ),
    counter(
        "rate_limited_total",
        &["clinic", "what"],
        "Wishes refused because the caller had done as much in the day as [limits] of the clinic allows: left (for the staff), booked (or moved).",
    ),
    gauge(
        "clinic_takes_calls",
        &["clinic"],
        "1: the clinic takes its calls; 0: they are passed on to its own line. Absent of the sample clinic.",
    ),
    gauge(
        "clinic_holidays_ahead_days",
        &["clinic"],
        "Days from today to the last holiday in the clinic's file; 0: it is today, or none is ahead. Absent of the sample clinic.",
    ),
    histogram(
        "attendant_response_seconds",
        &["filler", "language"],
        "From a caller's last word to the first packet of the answer; `filler`: whether words covered the wait.",
    ),
    histogram(
        "attendant_response_own_seconds",
        &["filler", "language"],
        "The part of it that neither the wait for the end of the turn nor a provider took.",
    ),
    counter("call_faults_total", &[], "Calls in which attendant's own code failed; each was ended with an apology."),
    counter("transport_commands_dropped_total", &[], "Hang-ups and transfers that the call's transport did not take."),
    counter(
        "provider_failures_total",
        &["kind", "provider"],
        "Failed sessions of hearing and speaking, failed answers of models.",
    ),
    counter(
        "provider_breaker_opened_total",
        &["clinic", "provider"],
        "Times a provider was passed over for a minute or more.",
    ),
    counter(
        "llm_failovers_total",
        &["words"],
        "Answers of a model that failed and that the next model gave (before a word of it was said) or finished (within).",
    ),
    counter(
        "llm_ungrounded_total",
        &["kind"],
        "Clauses of models that were withheld from callers: they named a day (date) or a time that no tool returned and the caller did not say, or said that something was done that was not (done).",
    ),
    counter("llm_hedges_total", &["provider"], "Second models asked because this one's first token was late."),
    counter(
        "llm_hedges_lost_total",
        &["provider"],
        "Requests to this model of which nothing was heard because the other's first token came first.",
    ),
    counter("llm_drafts_total", &["outcome"], "Answers begun before the turn was final: used, or dropped."),
    counter("llm_tokens_total", &["kind"], "Tokens of language models, prompt and answer, as far as the model tells."),
    counter(
        "cost_units_total",
        &["model", "provider", "unit"],
        "What calls used of providers that are paid by use: audio_ms, characters, requests, tokens_in, tokens_cached, tokens_written, tokens_out.",
    ),
    counter(
        "cost_micros_total",
        &["model", "provider"],
        "What it cost by `[prices]`, in millionths of their currency.",
    ),
    gauge(
        "budget_spent_percent",
        &["clinic"],
        "Of the day's budget for calls, today's and those going on. Absent without `[budget]`.",
    ),
    gauge(
        "budget_level",
        &["clinic"],
        "0: within the budget; 1: over its `alarm_percent`; 2: spent, new calls use `[providers.cheaper]`. Absent without `[budget]`.",
    ),
    counter("calls_cheaper_total", &[], "Calls served by `[providers.cheaper]`."),
    counter("cost_unpriced_total", &["model", "provider"], "Calls that used a model without a price."),
    counter(
        "emr_unknown_outcomes_total",
        &[],
        "Writes to the clinic's book whose outcome is not known: the staff has a message for each.",
    ),
    counter("emr_withdrawn_total", &[], "Appointments taken back because somebody else wrote the same time at once."),
    gauge("state_redis_up", &[], "1: Redis answered last; 0: it did not. Absent without `[state] redis`."),
    gauge("state_instances", &[], "Instances that share the state. Absent without `[state] redis`."),
    counter("state_failures_total", &["operation"], "Questions to Redis without an answer."),
    counter(
        "state_late_dropped_total",
        &[],
        "Results that could not be told to Redis in time; they are on this instance's disk.",
    ),
    counter(
        "state_locks_lost_total",
        &[],
        "Locks on a provider's day that were lost while they were held: nothing more was written under them.",
    ),
    counter("stt_inputs_dropped_total", &[], "Frames and orders that a recogniser did not take in time."),
    counter("deepgram_configure_failures_total", &[], "Thresholds or likely words that Deepgram refused in mid-call."),
    counter("deepgram_idle_closes_total", &[], "Connections that Deepgram closed while nothing was said."),
    counter("cartesia_late_messages_total", &[], "Messages of Cartesia for what nobody wants any more."),
    counter("elevenlabs_late_messages_total", &[], "Messages of ElevenLabs for what nobody wants any more."),
    counter(
        "whisper_faults_total",
        &[],
        "Recognitions that ended in a fault of the embedded recogniser; each costs its call a session.",
    ),
    counter(
        "whisper_sessions_refused_total",
        &[],
        "Sessions that were refused since the embedded recogniser had as many calls as it carries.",
    ),
    counter("whisper_partials_skipped_total", &[], "Recognitions on the way that found no free thread."),
    counter(
        "whisper_refused_total",
        &[],
        "Recognitions of whole turns refused because too many wait: `[speech] threads` or `calls` does not fit.",
    ),
    counter("whisper_rejected_total", &["why"], "Recognitions that were thrown away as not said."),
    counter("rtp_send_failed_total", &[], "Packets that the kernel did not take."),
    counter("rtp_strangers_total", &[], "Packets at a call's port that are not its caller's."),
    counter("rtcp_send_failed_total", &[], "Reports that the kernel did not take."),
    counter("rtcp_strangers_total", &[], "Reports at a call's port that are not its caller's."),
    counter(
        "sip_dropped_total",
        &["reason"],
        "SIP messages and streams dropped without an answer: stranger, scanner, malformed, flood, idle, overflow, exhausted.",
    ),
    gauge(
        "sip_trunk_reachable",
        &[],
        "1: the carrier answers OPTIONS; 0: it does not. Absent without `sip.trunk.options_s`.",
    ),
    gauge(
        "sip_trunk_registered",
        &[],
        "1: registered with the carrier; 0: not. Absent without a trunk that registers.",
    ),
    counter(
        "http_connections_closed_total",
        &["why"],
        "HTTP connections closed without an answer: late (no whole request in time), full (their place went to another, or there was none).",
    ),
    counter(
        "webhooks_refused_total",
        &["carrier", "why"],
        "Webhooks answered 403: forged, replayed, of another account.",
    ),
    counter("stream_upgrades_refused_total", &["carrier"], "Streams answered 401: no token or key, or not a good one."),
    counter("stream_upgrades_failed_total", &[], "Streams that broke before they were open."),
    counter("stream_never_connected_total", &["carrier"], "Calls that were announced and whose stream never came."),
    counter("stream_refused_total", &["carrier", "why"], "Streams closed at their start."),
    counter("stream_malformed_total", &["carrier"], "Frames that are not of the protocol."),
    counter("stream_receive_dropped_total", &["carrier"], "Chunks that the call did not take in time."),
    counter("stream_send_dropped_total", &[], "Chunks and marks that the stream did not take in time."),
    counter(
        "stream_signals_dropped_total",
        &["carrier"],
        "Keys, marks and the like that the call did not take in time.",
    ),
    counter("stream_slow_readers_total", &["carrier"], "Streams closed because the other side did not read."),
    counter("stream_slow_endings_total", &["carrier"], "Calls that took too long to end when their stream had."),
    counter(
        "stream_unclean_closes_total",
        &["carrier"],
        "Streams whose other side did not answer the closing handshake.",
    ),
    counter("stream_marks_overdue_total", &["carrier"], "Calls whose carrier does not report what was played."),
    counter(
        "stream_last_words_unconfirmed_total",
        &["carrier"],
        "Goodbyes that the carrier did not report played before the stream closed.",
    ),
    histogram("stream_last_words_seconds", &["carrier"], "How long a stream stayed open for its goodbye."),
    counter("stream_carrier_errors_total", &["carrier"], "Errors that a carrier reported of our stream."),
    counter(
        "stream_carrier_commands_failed_total",
        &["carrier"],
        "Hang-ups and transfers that the carrier's HTTP interface refused.",
    ),
    counter(
        "stream_client_signals_dropped_total",
        &[],
        "Of `attendant load`'s own callers, never of a server: signals that were not taken in time.",
    ),
    counter(
        "stream_client_receive_dropped_total",
        &[],
        "Of `attendant load`'s own callers, never of a server: chunks that were not taken in time.",
    ),
    counter(
        "records_lines_dropped_total",
        &[],
        "Lines of transcripts, timelines and webhooks seen that were not written.",
    ),
    counter("records_frames_dropped_total", &[], "Frames of recordings that were not written: silence in their place."),
    counter(
        "records_closes_dropped_total",
        &[],
        "Records left open because the disk does not keep up; their lines are there.",
    ),
    counter("records_closes_delayed_total", &[], "Recordings closed late because the disk does not keep up."),
    counter("records_uploads_total", &[], "Recordings that were moved from the disk to the bucket of `[records.s3]`."),
    counter(
        "records_upload_failures_total",
        &[],
        "Tries to move a recording to the bucket that failed: it waits on the disk.",
    ),
    gauge(
        "records_uploads_waiting",
        &["clinic"],
        "Recordings that are over and not in the bucket yet, as of the last look. Absent without `[records.s3]`.",
    ),
    counter("store_records_kept_total", &[], "Records of calls written to the store."),
    counter(
        "store_failures_total",
        &[],
        "Tries to write to the store that failed: what was to be written waits on the disk.",
    ),
    counter(
        "store_ends_dropped_total",
        &[],
        "Ends of calls of which the store was not told: their records are found within a minute.",
    ),
    counter("store_notes_dropped_total", &[], "Notes for the audit lost to a failing disk."),
    gauge(
        "store_records_waiting",
        &["clinic"],
        "Records of calls that are over and not in the store yet, as of the last look.",
    ),
    gauge("store_up", &["clinic"], "1 if the store does what it is asked. Absent without a store."),
    gauge(
        "store_connections",
        &["clinic", "state"],
        "Connections to the database: idle or used. Absent without a store.",
    ),
    counter(
        "notices_sent_total",
        &["channel", "stage"],
        "Notices for the staff that were taken: by a webhook, or a mail server.",
    ),
    counter("notices_failed_total", &["channel"], "Tries of notices that were not taken: each is tried again."),
    gauge("notices_waiting", &["clinic"], "Notices that nobody has taken yet. Absent without `[notices]`."),
    gauge(
        "notices_oldest_seconds",
        &["clinic"],
        "Since the oldest message was left whose notice nobody has taken yet; 0: there is none. Absent without `[notices]`.",
    ),
    counter("messages_escalated_total", &[], "Messages that nobody acknowledged in time: others were told of them."),
    gauge(
        "messages_unacknowledged",
        &["clinic"],
        "Messages of which somebody was told and that nobody has acknowledged. Absent without `[notices]`.",
    ),
    gauge(
        "requests_oldest_seconds",
        &["clinic"],
        "Since the oldest request was left for which nobody has done anything yet: a registration, the waiting list, a write to the book that is not certain; 0: there is none. Absent without a store.",
    ),
    counter(
        "retention_purged_total",
        &["what"],
        "What was past its time and is taken away: rows, recordings, journals.",
    ),
    counter(
        "retention_failures_total",
        &[],
        "Tries to take away what is past its time that failed: they are repeated each minute.",
    ),
];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Counts from now on, for the whole process. A second call changes nothing.
pub fn start() {
    HANDLE.get_or_init(|| {
        let recorder = recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another recorder of metrics was there first; GET /metrics will show nothing");
        }
        METRICS.iter().for_each(describe);
        handle
    });
}

/// One that knows the histograms.
pub(crate) fn recorder() -> PrometheusRecorder {
    let builder = BUCKETS.iter().fold(PrometheusBuilder::new(), |builder, (name, buckets)| {
        builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets).expect("there are buckets")
    });
    builder.build_recorder()
}

fn describe(metric: &Metric) {
    let &Metric { name, kind, labels, help } = metric;
    match kind {
        Kind::Counter => {
            metrics::describe_counter!(name, help);
            if labels.is_empty() {
                // It is there from the beginning, so that its first increment is seen as one.
                metrics::counter!(name).absolute(0);
            }
        }
        Kind::Gauge => metrics::describe_gauge!(name, help),
        Kind::Histogram => metrics::describe_histogram!(name, metrics::Unit::Seconds, help),
    }
}

/// Everything counted, in Prometheus' text format (0.0.4). `None` before [`start`].
pub fn text() -> Option<String> {
    HANDLE.get().map(PrometheusHandle::render)
}

/// Sums up what histograms have gathered, again and again. Never ends.
pub async fn keep_up() {
    let mut due = tokio::time::interval(UPKEEP);
    loop {
        due.tick().await;
        if let Some(handle) = HANDLE.get() {
            handle.run_upkeep();
        }
    }
}
