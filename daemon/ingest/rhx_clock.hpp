#pragma once

#include <cstdint>

#include "daemon/core/input_event.hpp"
#include "daemon/ingest/sample_clock.hpp"

namespace vturn::ingest {

/// How a stretch of contiguous frames goes on from the one before.
struct RhxStep {
  SampleIndex first = 0;                 ///< its first frame
  EpochCause epoch = EpochCause::kNone;  ///< kStart with the first frames of all
  std::uint64_t missing = 0;             ///< samples that never came
  bool broken = false;                   ///< it does not continue what came before
  bool taken_over = false;               ///< the first frames after `resume`
};

/// Where a spike stands on the source's own clock.
struct RhxSpikeInstant {
  enum class Place : std::uint8_t {
    kCurrent,   ///< the epoch that the waveform stream is in
    kPrevious,  ///< a straggler of the run before
    kWait,      ///< of a run whose first frames have not arrived yet: ask again when they have
    kNowhere,   ///< further ahead of the frames than RHX can run: damage
  };
  Place place = Place::kNowhere;
  SampleIndex sample = 0;
  std::int64_t own_ns = 0;
};

/// Time from the timestamps of RHX's two streams. Timestamps count samples modulo 2^32 since the run began, and begin
/// anew (near 0, not always at 0) with each run. The waveform stream, which never pauses during a run, says what time
/// it is and when a new run began. Spikes are placed by it: they arrive up to 42 ms before their frames or after them,
/// so that around a new run they may belong to either side. That their own stream rises within a run, and that they do
/// not come late while frames have stopped, tells where the new one begins in it. Allocation-free.
class RhxClock {
 public:
  explicit RhxClock(double speed) noexcept
      : speed_(speed), current_{SampleClock(speed)}, previous_{SampleClock(speed)} {}

  /// Before the first frames: this run has been read up to `next_sample` by somebody else, nobody knows how long ago.
  /// Where the first frames are of another run, their step is an epoch; else it tells what was missed.
  void resume(SampleIndex next_sample) noexcept;
  /// `count` frames (> 0) whose timestamps rise by 1 have arrived; `rate_hz` > 0.
  RhxStep frames(std::uint32_t timestamp, std::uint32_t count, double rate_hz, MonoNs arrival_mono_ns) noexcept;
  /// Spikes in their stream's order. Those that followed one which had to wait have to wait too.
  RhxSpikeInstant spike(std::uint32_t timestamp, MonoNs arrival_mono_ns) noexcept;
  /// No new run has come: what waits, from this spike on, is of the current one after all.
  void settle_spikes(std::uint32_t first_waiting) noexcept;
  /// The next frames begin an epoch even if they go on where the last ones ended.
  void force_epoch() noexcept { forced_ = true; }

  [[nodiscard]] bool started() const noexcept { return started_; }
  [[nodiscard]] std::int64_t time_ns(SampleIndex sample) const noexcept { return current_.clock.time_ns(sample); }
  [[nodiscard]] std::int64_t newest_ns() const noexcept { return current_.clock.newest_ns(); }
  /// Sample that comes next if nothing gets lost.
  [[nodiscard]] SampleIndex next_sample() const noexcept { return current_.next; }

 private:
  struct Run {
    SampleClock clock;
    SampleIndex next = 0;
  };

  [[nodiscard]] EpochCause judge(std::int64_t jump, std::uint32_t timestamp, double rate_hz,
                                 MonoNs arrival_mono_ns) const noexcept;
  void take_over(double rate_hz, MonoNs arrival_mono_ns) noexcept;
  void begin_run(SampleIndex first, double rate_hz, MonoNs arrival_mono_ns) noexcept;
  [[nodiscard]] bool straggles(std::uint32_t timestamp, MonoNs arrival_mono_ns) const noexcept;
  [[nodiscard]] bool of_next_run(std::uint32_t timestamp, SampleIndex behind, MonoNs arrival_mono_ns) const noexcept;
  [[nodiscard]] bool falls_back(std::uint32_t timestamp) const noexcept;
  [[nodiscard]] double elapsed_samples(MonoNs arrival_mono_ns) const noexcept;

  double speed_;
  Run current_, previous_;
  MonoNs last_arrival_mono_ns_ = 0;
  MonoNs run_began_mono_ns_ = 0;
  std::uint32_t last_spike_ = 0;
  bool started_ = false;
  bool forced_ = false;
  bool resumed_ = false;        ///< current_.next is where somebody else ended
  bool any_spike_ = false;      ///< of the run that the spike stream is in: last_spike_ counts
  bool spikes_behind_ = false;  ///< the spike stream may still be in the run before the current one
  bool spikes_ahead_ = false;   ///< it has gone on to a run whose frames have not arrived
};

}  // namespace vturn::ingest
