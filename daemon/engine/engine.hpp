#pragma once

#include "daemon/core/input_event.hpp"
#include "daemon/core/output_buffer.hpp"
#include "daemon/engine/engine_settings.hpp"
#include "daemon/engine/heading_stage.hpp"
#include "daemon/engine/sleep_stage.hpp"
#include "daemon/trigger/trigger.hpp"

namespace vturn {

/// Decode, sleep, turns and trigger as one pure function of the input events (DESIGN §3.1): no I/O, no clock, no
/// threads, no allocation after prepare(). The same inputs give the same outputs, live and in replay.
class Engine {
 public:
  /// Throws std::invalid_argument on settings that cannot be used.
  void prepare(const EngineSettings& settings);

  /// What the next kLoadModel command swaps in; it holds the former set after that step. Replay offers what the daemon
  /// did.
  void offer(HeadingSet& next) noexcept { offered_ = &next; }

  /// Takes one input; its outputs are added to `out` in the order in which they came about.
  void step(const InputEvent& event, OutputBuffer& out) noexcept;

  [[nodiscard]] std::uint64_t inputs() const noexcept { return inputs_; }
  [[nodiscard]] std::uint64_t spikes() const noexcept { return spikes_; }
  [[nodiscard]] std::uint64_t ttl_edges() const noexcept { return ttl_edges_; }
  [[nodiscard]] std::uint64_t late_spikes() const noexcept { return heading_.late_spikes(); }
  [[nodiscard]] std::uint8_t undetectable_sides() const noexcept { return heading_.undetectable_sides(); }
  [[nodiscard]] const trigger::Trigger& trigger() const noexcept { return trigger_; }
  [[nodiscard]] const TuningFigures& tuning() const noexcept { return heading_.tuning(); }
  /// The newest features of sleep.
  [[nodiscard]] const FeatureFrame& sleep_frame() const noexcept { return sleep_.frame(); }
  [[nodiscard]] std::span<const SignalQuality> signal_quality() const noexcept { return sleep_.quality(); }
  [[nodiscard]] bool sleep_gains_refused() const noexcept { return sleep_.gains_refused(); }
  [[nodiscard]] SleepState sleep_state() const noexcept { return sleep_.state(); }
  /// Newest session time taken.
  [[nodiscard]] SessionNs session_ns() const noexcept { return session_ns_; }

 private:
  void decode(const InputEvent& event, OutputBuffer& out) noexcept;
  void command(const InputEvent& event, OutputBuffer& out) noexcept;
  void load_model(const InputEvent& event, OutputBuffer& out) noexcept;
  void source_changed(const InputEvent& event, OutputBuffer& out) noexcept;
  [[nodiscard]] bool feeds_sleep(const InputEvent& event) const noexcept;
  void interrupt_sleep(const InputEvent& event, OutputBuffer& out) noexcept;
  void observe(const InputEvent& event, OutputBuffer& out) noexcept;
  void blank_stimuli(const OutputBuffer& out, std::size_t from) noexcept;

  HeadingStage heading_;
  SleepStage sleep_;
  trigger::Trigger trigger_;
  HeadingSet* offered_ = nullptr;
  SessionNs stimulus_blank_ns_ = 0;
  std::uint32_t sleep_sources_ = 0;
  SessionNs session_ns_ = 0;
  std::uint64_t inputs_ = 0;
  std::uint64_t spikes_ = 0;
  std::uint64_t ttl_edges_ = 0;
};

}  // namespace vturn
