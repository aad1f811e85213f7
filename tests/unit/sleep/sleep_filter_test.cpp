// Decisions of the filter on constructed frames at 10 Hz.
#include "daemon/sleep/sleep_filter.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/unit/sleep/synthetic_model.hpp"

using namespace vturn;
using test::nrem_frame;
using test::rem_frame;
using test::wake_frame;

namespace {

/// Feeds frames every 100 ms.
class Session {
 public:
  explicit Session(const SleepModel& model = test::synthetic_model()) { filter.prepare(model, 0.1); }
  template <class Change>
  SleepOutput feed(FeatureFrame (*make)(SessionNs), double for_s, Change change) {
    SleepOutput output{};
    for (int n = 0; n < static_cast<int>(for_s * 10.0 + 0.5); ++n) {
      now_ns += 100 * kNsPerMs;
      FeatureFrame frame = make(now_ns);
      change(frame);
      output = filter.step(frame);
    }
    return output;
  }
  SleepOutput feed(FeatureFrame (*make)(SessionNs), double for_s) {
    return feed(make, for_s, [](FeatureFrame&) {});
  }

  SleepFilter filter;
  SessionNs now_ns = 0;
};

void set_fast_emg(FeatureFrame& frame, float value) {
  frame.fast_valid = feature_bit(SleepFeature::kEmg);
  frame.fast_emg = value;
}

}  // namespace

TEST_CASE("state is unknown until established, then follows the data") {
  Session session;
  CHECK(session.feed(wake_frame, 2.8).state == SleepState::kUnknown);
  CHECK(session.feed(wake_frame, 2.0).state == SleepState::kWake);
  CHECK(session.feed(nrem_frame, 30.0).state == SleepState::kNrem);
  const SleepOutput rem = session.feed(rem_frame, 15.0);
  CHECK(rem.state == SleepState::kRem);
  CHECK(rem.p_rem > 0.95F);
  CHECK(rem.time_in_state_s > 1.0F);
  CHECK(rem.time_in_state_s < 15.0F);
  CHECK(rem.feature_count == kLiveSleepFeatures);
  CHECK(rem.p_wake + rem.p_nrem + rem.p_rem == Approx(1.0F));
}

TEST_CASE("an artefact freezes, and 5 s of it make the state unknown") {
  Session session;
  session.feed(nrem_frame, 60.0);
  const auto offsets = session.filter.offsets();
  const auto spoil = [](FeatureFrame& frame) {
    frame.artefact = true;
    frame.log_power[0] = 15.0F;
  };
  CHECK(session.feed(nrem_frame, 4.9, spoil).state == SleepState::kNrem);
  CHECK(session.filter.offsets() == offsets);
  const SleepOutput bad = session.feed(nrem_frame, 0.3, spoil);
  CHECK(bad.state == SleepState::kUnknown);
  CHECK(bad.quality < 0.1F);
  const SleepOutput good = session.feed(nrem_frame, 10.0);
  CHECK(good.state == SleepState::kNrem);
  CHECK(good.quality > 0.9F);
}

TEST_CASE("without a brain signal there is no state, without EMG there is") {
  Session session;
  const auto only_emg = [](FeatureFrame& frame) { frame.valid = feature_bit(SleepFeature::kEmg); };
  CHECK(session.feed(nrem_frame, 60.0, only_emg).state == SleepState::kUnknown);
  const auto no_emg = [](FeatureFrame& frame) {
    frame.valid = static_cast<SleepFeatureMask>(frame.valid & kBrainFeatures);
  };
  const SleepOutput output = session.feed(nrem_frame, 60.0, no_emg);
  CHECK(output.state == SleepState::kNrem);
  CHECK(output.quality == Approx(2.0 / 3.0).margin(0.01));
  CHECK(output.motion == 0.0F);
}

TEST_CASE("movement ends REM within a second; a twitch does not") {
  Session session;
  session.feed(nrem_frame, 60.0);
  const auto still = [](FeatureFrame& frame) { set_fast_emg(frame, 2.5F); };
  REQUIRE(session.feed(rem_frame, 30.0, still).state == SleepState::kRem);
  const auto burst = [](FeatureFrame& frame) { set_fast_emg(frame, 7.0F); };
  const SleepOutput twitch = session.feed(rem_frame, 0.4, burst);
  CHECK(twitch.state == SleepState::kRem);
  CHECK(twitch.moving == 0);
  CHECK(twitch.motion > 4.0F);
  CHECK(session.feed(rem_frame, 5.0, still).state == SleepState::kRem);
  const SleepOutput moving = session.feed(rem_frame, 0.9, burst);
  CHECK(moving.moving == 1);
  CHECK(moving.state != SleepState::kRem);
  CHECK(session.feed(rem_frame, 1.5, still).moving == 0);
}

TEST_CASE("a gap forgets the state and keeps what was learnt of the gains") {
  Session session;
  session.feed(nrem_frame, 600.0, [](FeatureFrame& frame) { frame.log_power[0] += 0.5F; });
  const double learnt = session.filter.offsets()[0];
  CHECK(learnt > 0.1);
  session.filter.gap();
  CHECK(session.feed(nrem_frame, 0.1).state == SleepState::kUnknown);
  CHECK(session.filter.offsets()[0] == Approx(learnt).margin(0.01));
  session.filter.reset();
  CHECK(session.filter.offsets()[0] == 0.0);
}

TEST_CASE("missing frames are bridged; a long silence starts over") {
  Session session;
  session.feed(nrem_frame, 60.0);
  session.now_ns += 3 * kNsPerS;
  CHECK(session.feed(nrem_frame, 0.1).state == SleepState::kNrem);
  session.now_ns += 6 * kNsPerS;
  CHECK(session.feed(nrem_frame, 2.8).state == SleepState::kUnknown);
  CHECK(session.feed(nrem_frame, 5.0).state == SleepState::kNrem);
  session.now_ns += 100 * kNsPerS;
  CHECK(session.feed(nrem_frame, 0.1).state == SleepState::kUnknown);
}

TEST_CASE("REM does not outlive a hole in the frames") {
  Session session;
  session.feed(nrem_frame, 60.0);
  REQUIRE(session.feed(rem_frame, 30.0).state == SleepState::kRem);
  session.now_ns += 30 * kNsPerS;
  CHECK(session.feed(rem_frame, 0.1).state == SleepState::kUnknown);
  CHECK(session.feed(rem_frame, 15.0).state == SleepState::kRem);
}

TEST_CASE("rows of a table further apart than the filter's bridge are no holes") {
  SleepFilter filter;
  filter.prepare(test::synthetic_model(), 4.0, 10.0);
  SleepOutput output{};
  for (SessionNs t_ns = 10 * kNsPerS; t_ns < 300 * kNsPerS; t_ns += 10 * kNsPerS) {
    output = filter.step(nrem_frame(t_ns));
    CHECK(output.state == SleepState::kNrem);
  }
  CHECK(output.time_in_state_s > 200.0F);
}

TEST_CASE("REM ends where nothing but units is left to tell it from wake") {
  SleepModel model = test::synthetic_model();
  model.features.push_back(SleepFeature::kTurnSpeed);
  constexpr double speeds[3] = {-0.5, 2.0, -0.5};
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    model.emissions[s].mean[3] = speeds[s];
    model.emissions[s].covariance[3][3] = 0.3;
  }
  Session session(model);
  const auto slow = [](FeatureFrame& frame) { frame.set(SleepFeature::kTurnSpeed, -0.5F); };
  const auto only_slow = [](FeatureFrame& frame) {
    frame.valid = 0;
    frame.set(SleepFeature::kTurnSpeed, -0.5F);
  };
  session.feed(nrem_frame, 60.0, [](FeatureFrame& frame) { frame.set(SleepFeature::kTurnSpeed, 2.0F); });
  REQUIRE(session.feed(rem_frame, 30.0, slow).state == SleepState::kRem);
  CHECK(session.feed(rem_frame, 4.0, only_slow).state == SleepState::kRem);
  const SleepOutput lost = session.feed(rem_frame, 1.2, only_slow);
  CHECK(lost.p_rem > 0.5F);
  CHECK(lost.state == SleepState::kUnknown);
  CHECK(session.feed(rem_frame, 10.0, slow).state == SleepState::kRem);
}

TEST_CASE("gains that no amplifier makes leave the state unknown until the signals are right") {
  SleepModel model = test::synthetic_model();
  model.gain_fit_s = 120.0;
  Session session(model);
  const auto other = [](FeatureFrame& frame) {
    frame.log_power[0] += 4.6F;
    frame.log_power[1] += 4.6F;
  };
  const auto cycles = [&](int count, auto change) {
    SleepOutput output{};
    std::size_t told = 0;
    for (int i = 0; i < count; ++i) {
      for (auto* frame : {wake_frame, nrem_frame, rem_frame}) {
        for (int n = 0; n < 25; ++n) {
          output = session.feed(frame, 1.0, change);
          if (output.state != SleepState::kUnknown) ++told;
        }
      }
    }
    return std::pair(output, told);
  };
  cycles(1, other);  // a minute tells nothing of gains yet
  const auto [wrong, told] = cycles(10, other);
  CHECK(told == 0);
  CHECK(session.filter.gains_refused());
  CHECK(wrong.quality == 0.0F);
  cycles(4, [](FeatureFrame&) {});
  CHECK_FALSE(session.filter.gains_refused());
  const auto [right, found] = cycles(2, [](FeatureFrame&) {});
  CHECK(found == 150);
  CHECK(right.state == SleepState::kRem);
  CHECK(right.quality > 0.9F);
}

TEST_CASE("the gains' fit ends without a brain signal too, and units adapt") {
  SleepModel model = test::synthetic_model();
  model.features.push_back(SleepFeature::kRate);
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    model.emissions[s].mean[3] = 4.0;
    model.emissions[s].covariance[3][3] = 0.3;
  }
  model.gain_fit_s = 60.0;
  Session session(model);
  const auto units = [](FeatureFrame& frame) {
    frame.valid = feature_bit(SleepFeature::kEmg);
    frame.set(SleepFeature::kRate, 4.5F);
  };
  constexpr auto kRate = static_cast<std::size_t>(SleepFeature::kRate);
  session.feed(nrem_frame, 59.0, units);
  CHECK(session.filter.offsets()[kRate] == 0.0);
  session.feed(nrem_frame, 600.0, units);
  CHECK(session.filter.offsets()[kRate] > 0.1);
}

TEST_CASE("gains unlike the calibration's are found in the first minutes") {
  SleepModel model = test::synthetic_model();
  model.gain_fit_s = 600.0;
  Session session(model);
  std::mt19937 random(3);
  std::normal_distribution<float> noise(0.0F, 0.4F);
  const auto shifted = [&](FeatureFrame& frame) {
    frame.log_power[0] += 1.4F + noise(random);
    frame.log_power[1] += 1.4F + noise(random);
    frame.log_power[static_cast<std::size_t>(SleepFeature::kEmg)] += -1.1F + noise(random);
  };
  for (int cycle = 0; cycle < 4; ++cycle) {
    session.feed(wake_frame, 70.0, shifted);
    session.feed(nrem_frame, 70.0, shifted);
    session.feed(rem_frame, 30.0, shifted);
  }
  CHECK(session.filter.offsets()[0] == Approx(1.4).margin(0.2));
  CHECK(session.filter.offsets()[static_cast<std::size_t>(SleepFeature::kEmg)] == Approx(-1.1).margin(0.2));
  CHECK(session.feed(wake_frame, 60.0, shifted).state == SleepState::kWake);
  CHECK(session.feed(nrem_frame, 60.0, shifted).state == SleepState::kNrem);
  CHECK(session.feed(rem_frame, 60.0, shifted).state == SleepState::kRem);
}
