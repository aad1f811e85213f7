#pragma once

#include <array>

#include "daemon/core/input_event.hpp"
#include "daemon/core/output_buffer.hpp"
#include "daemon/engine/engine_settings.hpp"
#include "daemon/engine/heading_set.hpp"

namespace vturn {

/// Spikes to headings, turns and population events: the heading filter, the turn detector and the collicular detector
/// on one time line. Headings are given on a fixed 10 ms grid of session time, from the spikes delivered by then.
class HeadingStage {
 public:
  static constexpr SessionNs kGridNs = 10 * kNsPerMs;
  /// Without spikes the filters follow the master's time at this distance: late enough that a block still on its way
  /// is not overtaken (its spikes would count as late), soon enough that silence is taken as information.
  static constexpr SessionNs kSilenceLagNs = 30 * kNsPerMs;
  /// Of a longer jump in time only the end is put on the grid.
  static constexpr SessionNs kMaxCatchUpNs = kNsPerS;

  void prepare(const EngineSettings& settings);
  void spike(const InputEvent& event, OutputBuffer& out) noexcept;
  /// The master's clock stands at `master_ns`.
  void silence(SessionNs master_ns, SampleIndex sample, OutputBuffer& out) noexcept;
  /// A new epoch: what was known of the heading is void.
  void reset() noexcept;
  void sleep_state(SleepState state) noexcept;
  /// Tracked heading: compared in wake with the decoded one of its time, which may have been or is still to come.
  void tracked(const InputEvent& event, OutputBuffer& out) noexcept;
  /// The other set decodes from here on, from "heading unknown"; `other` holds the former one afterwards.
  void exchange(HeadingSet& other) noexcept;

  [[nodiscard]] std::uint64_t late_spikes() const noexcept { return late_; }
  /// Bit n set: this rig has turn cells, and too few of Direction n for its population events.
  [[nodiscard]] std::uint8_t undetectable_sides() const noexcept;
  /// The newest of those made every UnitFeatures::kHeadingStepNs.
  [[nodiscard]] const WindowedHeading& window() const noexcept { return window_; }
  [[nodiscard]] const TuningFigures& tuning() const noexcept { return set_.drift.figures(); }

 private:
  void advance_to(SessionNs time_ns, SampleIndex sample, OutputBuffer& out) noexcept;
  void grid_step(SessionNs time_ns, SampleIndex sample, OutputBuffer& out) noexcept;
  void remember(SessionNs time_ns) noexcept;
  void compare(SampleIndex sample, OutputBuffer& out) noexcept;
  void tell_tuning(SessionNs time_ns, SampleIndex sample, OutputBuffer& out) noexcept;
  void detect(SessionNs time_ns, SampleIndex sample, OutputBuffer& out) noexcept;
  void detect_population(SessionNs time_ns, SampleIndex sample, OutputBuffer& out) noexcept;

  HeadingSet set_;
  turns::PopulationDetector population_;
  turns::Coupling coupling_;
  struct Tracked {
    SessionNs time_ns;
    float angle_rad;
  };
  static constexpr std::size_t kMaxTracked = 64;   ///< half a second of the fastest tracker
  static constexpr std::size_t kMaxDecoded = 256;  ///< 2.5 s: trackers tell late

  HeadingOutput estimate_{};
  WindowedHeading window_;
  std::array<Tracked, kMaxTracked> tracked_{};  ///< not yet reached by the filter, in order of coming
  std::size_t tracked_size_ = 0;
  std::array<float, kMaxDecoded> decoded_rad_{};  ///< at grid points, the last ones
  std::size_t decoded_size_ = 0;
  SessionNs decoded_ns_ = 0;  ///< the newest of them
  TuningState told_ = TuningState::kGood;
  SleepState state_ = SleepState::kUnknown;
  SessionNs time_ns_ = 0;
  SessionNs next_grid_ns_ = 0;
  std::uint64_t late_ = 0;
  bool has_heading_ = false;
  bool has_population_ = false;
  bool started_ = false;
};

}  // namespace vturn
