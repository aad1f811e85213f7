#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/simulation/activity.hpp"
#include "tools/simulation/body.hpp"
#include "tools/simulation/cells.hpp"
#include "tools/simulation/channel.hpp"
#include "tools/simulation/colliculus.hpp"
#include "tools/simulation/compass.hpp"
#include "tools/simulation/hypnogram.hpp"
#include "tools/simulation/lfp.hpp"
#include "tools/simulation/settings.hpp"
#include "tools/simulation/stage_mix.hpp"

namespace vturn::simulation {

/// A frame of the head tracker, which sees the head ~17 ms after the compass cells (Blair 1997), within 1.5 degrees.
struct TrackedHeading {
  double time_s;
  double heading_rad;
};

struct HeadingTruth {
  double time_s;
  double heading_rad;
  double velocity_rad_s;
  SleepState stage;  ///< at this time; a block may hold a change
};

struct StimulusEffect {
  std::uint32_t trigger_id;
  double due_s, applied_s;
  bool late;      ///< it arrived after the time at which it was due
  bool cut_turn;  ///< else the heading was nudged
};

/// What the mouse did in one block of samples.
struct Block {
  std::int64_t first_sample = 0;
  std::size_t samples = 0;
  std::vector<CellSpike> spikes;              ///< by time
  std::vector<std::vector<float>> channels;   ///< Mouse::kChannels: LFP, EMG (uV), AUX1..3 (V)
  std::vector<TrackedHeading> tracked;        ///< wake only
  std::vector<HeadingTruth> heading;          ///< every 10 ms
  std::vector<TurnTruth> turns;               ///< that ended in this block
  std::vector<Colliculus::Command> commands;  ///< population bursts that began in this block
  std::vector<StimulusEffect> effects;        ///< of stimuli that took effect in this block
  std::vector<double> awakenings_s;           ///< when the body woke: a scorer's mark lies near
  SleepState stage = SleepState::kWake;       ///< at its start
};

/// The digital mouse: a pure function of its settings, its hypnogram and the stimuli it gets.
class Mouse {
 public:
  static constexpr std::size_t kChannels = 5;
  static const std::array<std::string, kChannels>& channel_names();

  Mouse(const MouseSettings& settings, Hypnogram hypnogram);

  /// Lives on by `samples` samples. `with_signals` false leaves the channels out (spikes and truth are the same).
  const Block& step(std::size_t samples, bool with_signals = true);

  /// A stimulus that takes effect at `due_s`, or at once, and late, when that is past. Returns whether it was in time.
  bool stimulate(std::uint32_t trigger_id, double due_s);

  [[nodiscard]] double time_s() const noexcept { return now_.time_s; }
  [[nodiscard]] const MouseSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] const Cells& cells() const noexcept { return cells_; }

 private:
  void live_one_step(bool with_signals);
  void take_stimuli();
  void signals();
  void observe();

  MouseSettings settings_;
  HypnogramWalk walk_;
  Moment now_;
  std::int64_t step_count_ = 0;
  Activity activity_;
  Random tracker_random_;
  Compass compass_;
  Colliculus colliculus_;
  Cells cells_;
  StageMix mix_;
  Lfp lfp_;
  Body body_;
  std::vector<Channel> channels_;
  std::vector<double> recent_head_;      ///< head angle of the last steps, for the tracker's lag
  std::vector<StimulusEffect> stimuli_;  ///< to come
  std::vector<CellSpike> ahead_;         ///< spikes beyond the block's end
  Block block_;
};

}  // namespace vturn::simulation
