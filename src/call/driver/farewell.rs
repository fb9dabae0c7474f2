//! A call's end reaches the desk whatever happens, also when the driver itself fails outside the steps that are guarded: else the
//! call would hold its room, and a server that drains would wait for it.

use crate::call::CallId;
use crate::call::machine::Service;
use crate::call::timeline::EndReason;

/// Told when a call is over; must not wait.
pub(in crate::call) type Ended = Box<dyn FnOnce(CallId, EndReason, Service) + Send>;

pub(super) struct Farewell {
    call: CallId,
    ended: Option<Ended>,
}

impl Farewell {
    pub(super) fn new(call: CallId, ended: Ended) -> Self {
        Self { call, ended: Some(ended) }
    }

    pub(super) fn say(mut self, reason: EndReason, service: Service) {
        if let Some(ended) = self.ended.take() {
            ended(self.call, reason, service);
        }
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let Some(ended) = self.ended.take() else { return };
        if std::thread::panicking() {
            tracing::error!(call = %self.call, "a fault outside this call's steps; it is over without words");
            metrics::counter!("call_faults_total").increment(1);
            ended(self.call, EndReason::Fault, Service::Failed);
        } else {
            // The worker stops with its call unfinished: the process is going down.
            tracing::warn!(call = %self.call, "the call's worker stopped before the call was over");
            ended(self.call, EndReason::Failed, Service::Failed);
        }
    }
}
