#include <algorithm>

#include "daemon/wire/codec.hpp"

namespace vturn::wire {
namespace {

// The first `count` elements of a repeated field, made as needed; what was made before is kept for reuse.
template <class Field>
void resize(Field& field, std::size_t count) {
  const int wanted = static_cast<int>(count);
  while (field.size() > wanted) field.RemoveLast();
  while (field.size() < wanted) field.Add();
}

static_assert(static_cast<int>(TuningState::kLost) == v1::TUNING_STATE_LOST);
static_assert(static_cast<int>(SignalProblem::kBlanked) == v1::SIGNAL_PROBLEM_BLANKED);

void signal_to_proto(const SignalQuality& signal, const std::vector<std::string>& names, v1::SignalHealth& message) {
  const auto index = static_cast<std::size_t>(signal.signal);
  message.mutable_name()->assign(index < names.size() ? std::string_view(names[index]) : std::string_view{});
  message.set_usable_share(signal.usable_share);
  message.set_problem(static_cast<v1::SignalProblem>(signal.problem));
}

void tuning_to_proto(const TuningSnapshot& tuning, v1::Tuning& message) {
  message.set_state(static_cast<v1::TuningState>(tuning.state));
  message.set_compared_s(tuning.compared_s);
  message.set_median_abs_error_deg(tuning.median_abs_error_deg);
  message.set_scatter_deg(tuning.scatter_deg);
  message.set_rotation_deg(tuning.rotation_deg);
  message.set_expected_deg(tuning.expected_deg);
}

void source_to_proto(const SourceHealthSnapshot& source, std::string_view name, v1::SourceHealth& message) {
  message.mutable_name()->assign(name.data(), name.size());
  message.set_messages_received(source.messages_received);
  message.set_messages_parsed(source.messages_parsed);
  message.set_messages_malformed(source.messages_malformed);
  message.set_messages_lost(source.messages_lost);
  message.set_spikes_received(source.spikes_received);
  message.set_spikes_enqueued(source.spikes_enqueued);
  message.set_spikes_unmapped(source.spikes_unmapped);
  message.set_ttl_received(source.ttl_received);
  message.set_lfp_blocks(source.lfp_blocks);
  message.set_headings_received(source.headings_received);
  message.set_queue_refused(source.queue_refused);
  message.set_epochs(source.epochs);
  message.set_gaps(source.gaps);
  message.set_clock_uncertainty_ms(source.clock_uncertainty_ms);
  message.set_clock_offset_ms(source.clock_offset_ms);
  message.set_order_late(source.order_late);
  message.set_order_wait_mean_ms(source.order_wait_mean_ms);
  message.set_order_wait_max_ms(source.order_wait_max_ms);
  message.set_alive(source.alive);
}

void latency_to_proto(const HopLatencySnapshot& latency, std::string_view hop, v1::HopLatency& message) {
  message.mutable_hop()->assign(hop.data(), hop.size());
  message.set_count(latency.count);
  message.set_p50_us(latency.p50_us);
  message.set_p99_us(latency.p99_us);
  message.set_p999_us(latency.p999_us);
  message.set_max_us(latency.max_us);
}

void lists_to_proto(const HealthSnapshot& health, const Names& names, v1::Health& message) {
  const std::size_t sources = std::min<std::size_t>(health.source_count, kMaxSources);
  resize(*message.mutable_sources(), sources);
  for (std::size_t i = 0; i < sources; ++i) {
    const std::string_view name = i < names.sources.size() ? std::string_view(names.sources[i]) : std::string_view{};
    source_to_proto(health.sources[i], name, *message.mutable_sources(static_cast<int>(i)));
  }
  resize(*message.mutable_latencies(), kHopCount);
  for (std::size_t i = 0; i < kHopCount; ++i) {
    latency_to_proto(health.latencies[i], kHopNames[i], *message.mutable_latencies(static_cast<int>(i)));
  }
  const std::size_t signals = std::min(health.signal_count, health.signals.size());
  resize(*message.mutable_signals(), signals);
  for (std::size_t i = 0; i < signals; ++i)
    signal_to_proto(health.signals[i], names.signals, *message.mutable_signals(static_cast<int>(i)));
  message.clear_inhibits();
  for (int reason = 0; reason < v1::VetoReason_ARRAYSIZE; ++reason) {
    if ((health.inhibits >> reason & 1U) != 0) message.add_inhibits(static_cast<v1::VetoReason>(reason));
  }
  message.set_sleep_gains_refused(health.sleep_gains_refused);
  message.clear_undetectable_sides();
  for (const auto side : {v1::DIRECTION_CLOCKWISE, v1::DIRECTION_COUNTERCLOCKWISE}) {
    if ((health.undetectable_sides >> side & 1) != 0) message.add_undetectable_sides(side);
  }
}

}  // namespace

void to_proto(const HealthSnapshot& health, const Names& names, v1::Health& message) {
  lists_to_proto(health, names, message);
  message.set_inputs(health.inputs);
  message.set_spikes(health.spikes);
  message.set_late_spikes(health.late_spikes);
  message.set_ttl(health.ttl);
  message.set_queue_depth(health.queue_depth);
  message.set_queue_high_water(health.queue_high_water);
  message.set_recorder_depth(health.recorder_depth);
  message.set_recorder_lost(health.recorder_lost);
  message.set_recording(health.recording);
  message.set_armed(health.armed);
  message.set_triggers(health.triggers);
  message.set_vetoes(health.vetoes);
  message.set_published(health.published);
  message.set_publish_dropped(health.publish_dropped);
  message.set_output_overflow(health.output_overflow);
  tuning_to_proto(health.tuning, *message.mutable_tuning());
}

}  // namespace vturn::wire
