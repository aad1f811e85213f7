#include "daemon/pipeline/health.hpp"

#include <algorithm>

namespace vturn {
namespace {

wire::SourceHealthSnapshot source_health(const PluginHost& host, MonoNs now_ns, std::int64_t alive_ns) noexcept {
  wire::SourceHealthSnapshot health;
  health.messages_received = host.counter(VTURN_MESSAGES_RECEIVED);
  health.messages_parsed = host.counter(VTURN_MESSAGES_PARSED);
  health.messages_malformed = host.counter(VTURN_MESSAGES_MALFORMED);
  health.messages_lost = host.counter(VTURN_MESSAGES_LOST);
  health.spikes_received = host.counter(VTURN_SPIKES_RECEIVED);
  health.spikes_unmapped = host.counter(VTURN_SPIKES_UNMAPPED);
  health.ttl_received = host.counter(VTURN_TTL_RECEIVED);
  health.lfp_blocks = host.counter(VTURN_LFP_BLOCKS);
  health.headings_received = host.counter(VTURN_HEADINGS_RECEIVED);
  health.epochs = host.counter(VTURN_EPOCHS);
  health.gaps = host.counter(VTURN_GAPS);
  health.clock_uncertainty_ms = host.gauge(VTURN_CLOCK_UNCERTAINTY_MS);
  health.clock_offset_ms = host.gauge(VTURN_CLOCK_OFFSET_MS);
  health.spikes_enqueued = host.spikes_enqueued();
  health.queue_refused = host.refused();
  health.alive = host.last_push_mono_ns() != 0 && now_ns - host.last_push_mono_ns() < alive_ns;
  return health;
}

wire::HopLatencySnapshot latency(const rt::LatencyHistogram& histogram) noexcept {
  const auto us = [](std::int64_t ns) { return static_cast<double>(ns) * 1e-3; };
  return {histogram.count(), us(histogram.quantile_ns(0.5)), us(histogram.quantile_ns(0.99)),
          us(histogram.quantile_ns(0.999)), us(histogram.max_ns())};
}

}  // namespace

void HealthBoard::count_output(OutputKind kind) noexcept {
  triggers_ += kind == OutputKind::kTrigger ? 1 : 0;
  vetoes_ += kind == OutputKind::kVeto ? 1 : 0;
}

void HealthBoard::queue_depth(std::size_t depth) noexcept {
  depth_ = depth;
  high_water_ = std::max<std::uint64_t>(high_water_, depth);
}

wire::HealthSnapshot HealthBoard::collect(MonoNs now_ns) const noexcept {
  wire::HealthSnapshot snapshot;
  snapshot.source_count = std::min<std::size_t>(hosts_.size(), kMaxSources);
  for (std::size_t i = 0; i < snapshot.source_count; ++i)
    snapshot.sources[i] = source_health(*hosts_[i], now_ns, kAliveNs);
  for (std::size_t i = 0; i < hops_.size(); ++i) snapshot.latencies[i] = latency(hops_[i]);
  snapshot.triggers = triggers_;
  snapshot.vetoes = vetoes_;
  snapshot.queue_depth = depth_;
  snapshot.queue_high_water = high_water_;
  return snapshot;
}

}  // namespace vturn
