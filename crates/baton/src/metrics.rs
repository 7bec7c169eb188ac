//! The engine's counters among the metrics.

use baton_engine::StatsView;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;

/// Shows the counters as they are when asked.
pub(crate) struct EngineMetrics<R>(pub R);

impl<R> fmt::Debug for EngineMetrics<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EngineMetrics")
    }
}

impl<R: Fn() -> StatsView + Send + Sync + 'static> Collector for EngineMetrics<R> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let view = (self.0)();
        let degraded = view.degraded.len() as u64;
        let gauges = [
            ("deliveries_in_flight", "Deliveries in flight", view.in_flight),
            ("breakers_open", "Destinations that get probes only", view.breakers_open),
            ("engine_loops_degraded", "Loops that fail and try again", degraded),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        let counters = [
            ("deliveries_claimed", "Deliveries claimed", view.claimed),
            ("deliveries_direct", "Deliveries started without a claim", view.direct),
            ("requests_sent", "Requests sent", view.sent),
            ("deliveries_accepted", "Deliveries accepted or queued", view.accepted),
            ("deliveries_rejected", "Deliveries rejected", view.rejected),
            ("deliveries_retried", "Attempts after which another follows", view.retried),
            ("deliveries_failed", "Deliveries given up", view.failed),
            ("deliveries_held", "Deliveries held", view.held),
            ("deliveries_cancelled", "Deliveries called off", view.cancelled),
            ("failovers", "Deliveries made for failover destinations", view.failovers),
            ("deliveries_released", "Deliveries given back unspent", view.released),
            ("leases_lost", "Attempts that ended after their lease", view.lost),
            ("finish_retries", "Finishes that had to be written again", view.finish_retries),
            ("delivery_panics", "Deliveries whose task panicked", view.panics),
            ("events_fanned_out", "Deliveries made of events", view.fanned_out),
            ("test_calls", "Test calls made", view.probes),
            ("engine_loop_faults", "Rounds of loops that failed", view.faults),
        ];
        for (name, help, value) in counters {
            let counter = ConstCounter::new(value);
            let metric = encoder.encode_descriptor(name, help, None, counter.metric_type())?;
            counter.encode(metric)?;
        }
        Ok(())
    }
}
