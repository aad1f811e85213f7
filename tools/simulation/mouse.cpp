#include "tools/simulation/mouse.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/angle.hpp"

namespace vturn::simulation {
namespace {

constexpr std::size_t kLagSteps = 17;  // of the tracker: 17 ms
constexpr double kTrackerNoiseRad = 1.5 * kDegree;
constexpr std::int64_t kTrackerEvery = 25;  // steps: 40 Hz
constexpr std::int64_t kTruthEvery = 10;
constexpr double kMicrovoltsPerBit = 0.195, kAuxVoltsPerBit = 3.74e-5;  // of an RHD2000 headstage

std::vector<Channel> make_channels(const MouseSettings& settings) {
  const std::uint64_t seed = settings.seed * 1000003 + settings.life;
  std::vector<Channel> channels;
  channels.emplace_back(1.0 / kStepS, 3.0, kMicrovoltsPerBit, seed + 1);
  channels.emplace_back(kEmgPerStep / kStepS, 3.0, kMicrovoltsPerBit, seed + 2);
  for (std::uint64_t axis = 0; axis < 3; ++axis) {
    channels.emplace_back(1.0 / kStepS, 0.0, kAuxVoltsPerBit, seed + 3 + axis);
  }
  return channels;
}

}  // namespace

const std::array<std::string, Mouse::kChannels>& Mouse::channel_names() {
  static const std::array<std::string, kChannels> names{"LFP", "EMG", "AUX1", "AUX2", "AUX3"};
  return names;
}

Mouse::Mouse(const MouseSettings& settings, Hypnogram hypnogram)
    : settings_(settings),
      walk_(std::move(hypnogram)),
      activity_(settings.seed, settings.life),
      tracker_random_(settings.seed * 1000003 + settings.life, 9),
      compass_(settings.seed, settings.life),
      colliculus_(settings.seed, settings.life),
      cells_(settings),
      mix_(settings.seed, settings.life),
      lfp_(settings.seed, settings.life),
      body_(settings.seed, settings.life),
      channels_(make_channels(settings)) {
  walk_.advance(0.0);
  now_.stage = walk_.stage();
  recent_head_.assign(kLagSteps + 1, compass_.head_rad());
  block_.channels.resize(kChannels);
}

void Mouse::take_stimuli() {
  while (!stimuli_.empty() && stimuli_.front().due_s <= now_.time_s) {
    auto& effect = block_.effects.emplace_back(stimuli_.front());
    effect.applied_s = now_.time_s;
    effect.cut_turn = compass_.stimulate(now_.time_s);
    stimuli_.erase(stimuli_.begin());
  }
}

void Mouse::observe() {
  recent_head_[static_cast<std::size_t>(step_count_) % recent_head_.size()] = compass_.head_rad();
  if (step_count_ % kTruthEvery == 0) {
    block_.heading.push_back({now_.time_s, compass_.heading_rad(), compass_.velocity_rad_s(), now_.stage});
  }
  if (step_count_ % kTrackerEvery != 0 || now_.stage != SleepState::kWake) return;
  const double seen_rad = recent_head_[static_cast<std::size_t>(step_count_ + 1) % recent_head_.size()];
  block_.tracked.push_back({now_.time_s, wrap_angle(seen_rad + kTrackerNoiseRad * tracker_random_.normal())});
}

void Mouse::signals() {
  const bool artefact = walk_.artefact();
  mix_.step(walk_, kStepS);
  const double last_awakening_s = body_.awakening_s();
  body_.step(now_, mix_, artefact);
  if (body_.awakening_s() > last_awakening_s) block_.awakenings_s.push_back(body_.awakening_s());
  channels_[0].push(lfp_.step(now_, mix_, artefact, body_.signs()));
  for (const double sample : body_.emg_uv()) channels_[1].push(sample);
  for (std::size_t axis = 0; axis < 3; ++axis) channels_[2 + axis].push(body_.accelerometer_v()[axis]);
}

void Mouse::live_one_step(bool with_signals) {
  now_.time_s = static_cast<double>(step_count_) * kStepS;
  walk_.advance(now_.time_s);
  now_.stage = walk_.stage();
  now_.since_stage_s = walk_.since_change_s();
  now_.ttx = settings_.ttx != TtxSide::kNone && now_.time_s >= settings_.ttx_from_s;
  activity_.step(now_);
  colliculus_.step(now_, settings_.ttx, compass_);
  take_stimuli();
  compass_.step(now_);
  cells_.step(now_, compass_.heading_rad(), colliculus_, settings_.ttx, ahead_);
  observe();
  if (with_signals) signals();
  ++step_count_;
  now_.time_s = static_cast<double>(step_count_) * kStepS;
}

const Block& Mouse::step(std::size_t samples, bool with_signals) {
  block_.first_sample += static_cast<std::int64_t>(block_.samples);
  block_.samples = samples;
  block_.stage = now_.stage;
  block_.tracked.clear();
  block_.heading.clear();
  block_.effects.clear();
  block_.awakenings_s.clear();
  block_.spikes.clear();
  const double end_s =
      static_cast<double>(block_.first_sample + static_cast<std::int64_t>(samples)) / settings_.rate_hz;
  // Two steps more than the block: the last sample is interpolated between base samples.
  while (static_cast<double>(step_count_) * kStepS < end_s + 2.0 * kStepS) live_one_step(with_signals);
  std::sort(ahead_.begin(), ahead_.end(), [](const CellSpike& a, const CellSpike& b) { return a.time_s < b.time_s; });
  const auto later = std::find_if(ahead_.begin(), ahead_.end(), [&](const CellSpike& s) { return s.time_s >= end_s; });
  block_.spikes.assign(ahead_.begin(), later);
  ahead_.erase(ahead_.begin(), later);
  block_.turns = compass_.take_turns();
  block_.commands = colliculus_.take_commands();
  for (std::size_t i = 0; i < kChannels; ++i) {
    block_.channels[i].resize(with_signals ? samples : 0);
    if (with_signals) channels_[i].fill(block_.first_sample, settings_.rate_hz, block_.channels[i]);
  }
  return block_;
}

bool Mouse::stimulate(std::uint32_t trigger_id, double due_s) {
  const bool late = due_s < now_.time_s;
  const auto at = std::find_if(stimuli_.begin(), stimuli_.end(), [&](const auto& s) { return s.due_s > due_s; });
  stimuli_.insert(at, {trigger_id, due_s, 0.0, late, false});
  return !late;
}

}  // namespace vturn::simulation
