// The engine as a pure function of its inputs, and what resets it.
#include "daemon/engine/engine.hpp"

#include <catch2/catch.hpp>

#include "daemon/core/digest.hpp"
#include "tests/unit/engine/mouse_inputs.hpp"

using namespace vturn;

namespace {

struct Run {
  std::uint64_t digest = 0;
  std::vector<OutputEvent> outputs;
};

Run run(Engine& engine, const std::vector<InputEvent>& inputs) {
  static OutputBuffer out;
  Digest digest;
  Run result;
  for (const InputEvent& event : inputs) {
    out.clear();
    engine.step(event, out);
    for (const OutputEvent& output : out.events()) {
      digest.add(output);
      result.outputs.push_back(output);
    }
  }
  result.digest = digest.value();
  return result;
}

Run run(const std::vector<InputEvent>& inputs, Kernel kernel = Kernel::automatic) {
  EngineSettings settings = test::engine_settings();
  settings.kernel = kernel;
  Engine engine;
  engine.prepare(settings);
  return run(engine, inputs);
}

std::vector<OutputEvent> of_kind(const Run& run, OutputKind kind) {
  std::vector<OutputEvent> found;
  std::copy_if(run.outputs.begin(), run.outputs.end(), std::back_inserter(found),
               [&](const OutputEvent& e) { return e.kind == kind; });
  return found;
}

InputEvent source_event(SourceChange change, double t_s) {
  InputEvent event;
  event.kind = InputKind::kSource;
  event.source = 0;
  event.session_time_ns = static_cast<SessionNs>(t_s * 1e9);
  event.arrival_mono_ns = event.now_mono_ns = event.session_time_ns + 1'000'000'000'000;
  event.payload.source = SourceInput{change, EpochCause::kRestart, 1, 1, 1, 5, 0};
  return event;
}

InputEvent command(CommandKind kind, std::int64_t value, const InputEvent& after) {
  InputEvent event = after;
  event.kind = InputKind::kCommand;
  event.source = kNoSource;
  event.payload.command = {};
  event.payload.command.command = kind;
  event.payload.command.value_ns = value;
  return event;
}

/// Recorded and armed after the first second; every trigger is answered as an output would.
std::vector<OutputEvent> armed_run(Engine& engine, const std::vector<InputEvent>& inputs) {
  std::vector<OutputEvent> outputs;
  const auto take = [&](const std::vector<InputEvent>& events) {
    const Run taken = run(engine, events);
    outputs.insert(outputs.end(), taken.outputs.begin(), taken.outputs.end());
    return of_kind(taken, OutputKind::kTrigger);
  };
  InputEvent recorder = inputs.front();
  recorder.kind = InputKind::kRecorder;
  recorder.payload.recorder = {RecorderState::kRecording, 0};
  take({recorder});
  bool armed = false;
  for (const InputEvent& event : inputs) {
    for (const OutputEvent& trigger : take({event})) {
      InputEvent result = event;
      result.kind = InputKind::kOutputResult;
      const TriggerOutput& of = trigger.payload.trigger;
      const auto answer = of.arm == Arm::kSham ? OutputResult::kSham : OutputResult::kFired;
      result.payload.output = {answer, of.output, of.rule, of.trigger_id, event.now_mono_ns};
      take({result});
    }
    if (armed || event.session_time_ns < kNsPerS) continue;
    armed = true;
    take({command(CommandKind::kSelfTest, 1, event), command(CommandKind::kArm, 3600 * kNsPerS, event)});
  }
  return outputs;
}

}  // namespace

TEST_CASE("the same inputs give the same digest, with every kernel") {
  const auto inputs = test::mouse_inputs(20.0, 1.0, 3);
  const std::uint64_t digest = run(inputs, Kernel::scalar).digest;
  for (const Kernel kernel : {Kernel::scalar, Kernel::avx2, Kernel::avx512, Kernel::automatic}) {
    if (kernel_available(resolve_kernel(kernel))) CHECK(run(inputs, kernel).digest == digest);
  }
  CHECK(run(test::mouse_inputs(20.0, 1.0, 4)).digest != digest);
}

TEST_CASE("headings stand on a 10 ms grid, in order, and follow the rotation") {
  const auto headings = of_kind(run(test::mouse_inputs(20.0, 1.0, 3)), OutputKind::kHeading);
  REQUIRE(headings.size() > 1900);
  double worst_rad = 0.0;
  for (std::size_t i = 0; i < headings.size(); ++i) {
    CHECK(headings[i].session_time_ns % HeadingStage::kGridNs == 0);
    if (i > 0) CHECK(headings[i].session_time_ns == headings[i - 1].session_time_ns + HeadingStage::kGridNs);
    const double t_s = seconds(headings[i].session_time_ns);
    if (t_s > 2.0)
      worst_rad = std::max(worst_rad, std::fabs(angle_difference(headings[i].payload.heading.angle_rad, t_s)));
  }
  CHECK(worst_rad < 0.8);
}

TEST_CASE("a fast rotation is a turn, counter-clockwise or clockwise by its sign") {
  for (const double speed_rad_s : {8.0, -8.0}) {
    auto inputs = test::mouse_inputs(4.0, 0.0, 3);
    for (InputEvent event : test::mouse_inputs(2.0, speed_rad_s, 5)) {
      event.session_time_ns += 4 * kNsPerS;
      event.arrival_mono_ns += 4 * kNsPerS;
      event.now_mono_ns += 4 * kNsPerS;
      inputs.push_back(event);
    }
    EngineSettings settings = test::engine_settings();
    settings.sleep.reset();  // one set of dynamics throughout
    settings.heading->dynamics[static_cast<std::size_t>(Dynamics::kWake)] = switching({});
    Engine engine;
    engine.prepare(settings);
    const auto turns = of_kind(run(engine, inputs), OutputKind::kTurn);
    const auto onset = std::find_if(turns.begin(), turns.end(), [](const OutputEvent& e) {
      return e.session_time_ns > 4 * kNsPerS && e.payload.turn.phase == TurnPhase::kOnset;
    });
    REQUIRE(onset != turns.end());
    CHECK(onset->payload.turn.direction == (speed_rad_s > 0.0 ? Direction::kCounterclockwise : Direction::kClockwise));
  }
}

TEST_CASE("sleep frames come ten times a second") {
  const auto frames = of_kind(run(test::mouse_inputs(20.0, 0.0, 3)), OutputKind::kSleep);
  CHECK(frames.size() > 150);
  for (std::size_t i = 1; i < frames.size(); ++i)
    CHECK(frames[i].session_time_ns - frames[i - 1].session_time_ns == 100 * kNsPerMs);
}

TEST_CASE("a new epoch forgets the heading, makes sleep unknown and is told") {
  auto inputs = test::mouse_inputs(20.0, 0.0, 3);
  Engine engine;
  engine.prepare(test::engine_settings());
  run(engine, inputs);
  const Run after = run(engine, {source_event(SourceChange::kEpoch, 21.0)});
  const auto session = of_kind(after, OutputKind::kSession);
  REQUIRE_FALSE(session.empty());
  CHECK(std::any_of(session.begin(), session.end(),
                    [](const OutputEvent& e) { return e.payload.session.change == SessionChange::kEpoch; }));
  InputEvent spike = inputs.front();
  spike.kind = InputKind::kSpike;
  spike.session_time_ns = 22 * kNsPerS;
  spike.payload.spike = {3, 0, 0.0F};
  InputEvent later = spike;
  later.session_time_ns += 20 * kNsPerMs;
  const auto headings = of_kind(run(engine, {spike, later}), OutputKind::kHeading);
  REQUIRE_FALSE(headings.empty());
  CHECK(headings.front().payload.heading.concentration < 0.9F);
}

TEST_CASE("sleep is unknown when its signals have stopped for five seconds, by the master's clock or without it") {
  const bool master_goes_on = GENERATE(true, false);
  Engine engine;
  engine.prepare(test::engine_settings());
  run(engine, test::mouse_inputs(30.0, 0.0, 3));
  REQUIRE(engine.sleep_state() != SleepState::kUnknown);
  std::vector<InputEvent> ticks;
  for (int i = 1; i <= 600; ++i) {
    InputEvent tick;
    tick.now_mono_ns = tick.arrival_mono_ns = 1'030'000'000'000 + i * 10 * kNsPerMs;
    tick.session_time_ns = 30 * kNsPerS + (master_goes_on ? i * 10 * kNsPerMs : 0);
    ticks.push_back(tick);
  }
  const std::span<const InputEvent> all(ticks);
  run(engine, {all.begin(), all.begin() + 480});
  CHECK(engine.sleep_state() != SleepState::kUnknown);
  const auto told = of_kind(run(engine, {all.begin() + 480, all.end()}), OutputKind::kSleep);
  REQUIRE(told.size() == 1);
  CHECK(told[0].payload.sleep.state == SleepState::kUnknown);
  for (const SignalQuality& quality : engine.signal_quality()) CHECK(quality.problem == SignalProblem::kMissing);
}

TEST_CASE("after a sham sleep is scored as after a stimulus") {
  const auto inputs = test::mouse_inputs(40.0, 0.0, 3);
  EngineSettings settings = test::engine_settings();
  settings.trigger.rules[0].when = CauseKind::kPopulation;
  Engine scout;
  scout.prepare(settings);
  run(scout, inputs);
  settings.trigger.rules[0].state = scout.sleep_state();
  std::vector<std::vector<OutputEvent>> slept;
  for (const trigger::ArmWeights arms : {trigger::ArmWeights{1.0, 0.0, 0.0}, trigger::ArmWeights{0.0, 1.0, 0.0}}) {
    settings.trigger.rules[0].arms = arms;
    Engine engine;
    engine.prepare(settings);
    const auto outputs = armed_run(engine, inputs);
    const auto triggers = std::count_if(outputs.begin(), outputs.end(),
                                        [](const OutputEvent& output) { return output.kind == OutputKind::kTrigger; });
    CHECK(triggers > 3);
    slept.push_back(of_kind({0, outputs}, OutputKind::kSleep));
  }
  REQUIRE(slept[0].size() == slept[1].size());
  bool blanked = false;
  for (std::size_t i = 0; i < slept[0].size(); ++i) {
    CHECK(slept[0][i].payload.sleep.quality == slept[1][i].payload.sleep.quality);
    CHECK(slept[0][i].payload.sleep.p_rem == slept[1][i].payload.sleep.p_rem);
    blanked = blanked || (i > 100 && slept[0][i].payload.sleep.quality < 0.99F);
  }
  CHECK(blanked);
}

TEST_CASE("a source that only carries signals of sleep makes it unknown when it goes") {
  EngineSettings settings = test::engine_settings();
  settings.sleep_sources = 1;
  for (const SourceChange change : {SourceChange::kDown, SourceChange::kOverflow, SourceChange::kEpoch}) {
    Engine engine;
    engine.prepare(settings);
    run(engine, test::mouse_inputs(20.0, 0.0, 3));
    REQUIRE(engine.sleep_state() != SleepState::kUnknown);
    InputEvent event = source_event(change, 21.0);
    event.payload.source.carries_spikes = event.payload.source.carries_motion = 0;
    run(engine, {event});
    CHECK(engine.sleep_state() == SleepState::kUnknown);
  }
}

TEST_CASE("a jump of hours gives a bounded number of outputs") {
  auto inputs = test::mouse_inputs(2.0, 0.0, 3);
  Engine engine;
  engine.prepare(test::engine_settings());
  run(engine, inputs);
  InputEvent spike = inputs.front();
  spike.kind = InputKind::kSpike;
  spike.payload.spike = {3, 0, 0.0F};
  spike.session_time_ns = 10LL * 3600 * kNsPerS;
  const Run after = run(engine, {spike});
  CHECK(after.outputs.size() < 200);
  CHECK(of_kind(after, OutputKind::kHeading).back().session_time_ns == 10LL * 3600 * kNsPerS);
}

TEST_CASE("a model that is loaded decodes from there on, disarms, and gives the same digest again") {
  const auto inputs = test::mouse_inputs(20.0, 0.0, 3);
  InputEvent load = inputs.back();
  load.kind = InputKind::kCommand;
  load.source = kNoSource;
  load.flags = 0;
  load.payload.command = CommandInput{};
  load.payload.command.command = CommandKind::kLoadModel;
  load.payload.command.request = 9;
  load.payload.command.value_ns = 1234;
  const auto half = inputs.begin() + static_cast<std::ptrdiff_t>(inputs.size() / 2);
  load.session_time_ns = half->session_time_ns;

  EngineSettings quarter_turned = test::engine_settings();
  for (HeadingUnit& unit : quarter_turned.heading->units) {
    std::rotate(unit.rate_hz.begin(), unit.rate_hz.begin() + kHeadingAngles / 4, unit.rate_hz.end());
  }
  const auto session = [&](bool begins_with_a_model) {
    EngineSettings settings = test::engine_settings();
    if (!begins_with_a_model) settings.heading.reset();
    Engine engine;
    engine.prepare(settings);
    Run all = run(engine, std::vector<InputEvent>(inputs.begin(), half));
    HeadingSet set;
    set.prepare(quarter_turned);
    engine.offer(set);
    Run loading = run(engine, {load});
    const auto told = of_kind(loading, OutputKind::kSession);
    CHECK(std::any_of(told.begin(), told.end(), [](const OutputEvent& e) {
      return e.payload.session.change == SessionChange::kModelLoaded && e.payload.session.request == 9 &&
             e.payload.session.value_ns == 1234;
    }));
    const Run after = run(engine, std::vector<InputEvent>(half, inputs.end()));
    const auto before = of_kind(all, OutputKind::kHeading);
    CHECK(before.empty() != begins_with_a_model);
    const auto headings = of_kind(after, OutputKind::kHeading);
    REQUIRE(headings.size() > 500);
    // Heading 0 under the first model is 90 degrees clockwise under the second.
    if (!before.empty())
      CHECK(std::fabs(angle_difference(static_cast<double>(before.back().payload.heading.angle_rad), 0.0)) < 0.4);
    CHECK(std::fabs(angle_difference(static_cast<double>(headings.back().payload.heading.angle_rad), -kPi / 2)) < 0.4);
    return std::array{all.digest, loading.digest, after.digest};
  };
  for (const bool begins_with_a_model : {true, false})
    CHECK(session(begins_with_a_model) == session(begins_with_a_model));
}

TEST_CASE(
    "tracked heading in wake, early or late, tells a model that has lost its tuning, in figures and once in words") {
  EngineSettings settings = test::engine_settings();
  settings.heading->cross_validated.median_abs_error_deg = 5.0;
  // Always awake.
  for (std::size_t i = 0; i < 3; ++i) {
    settings.sleep->emissions[1].mean[i] = settings.sleep->emissions[2].mean[i] = 300.0;
    settings.sleep->emissions[0].covariance[i][i] = 100.0;
  }
  settings.sleep->gain_fit_s = 0.0;
  constexpr double kSpeed = 0.9;
  const auto inputs = test::mouse_inputs(200.0, kSpeed, 3);
  const auto session = [&](const EngineSettings& used, std::int64_t tracker_delay_ns) {
    std::vector<InputEvent> all;
    SessionNs next_row_ns = 0;
    for (const InputEvent& event : inputs) {
      for (; next_row_ns + tracker_delay_ns <= event.session_time_ns; next_row_ns += 25 * kNsPerMs) {
        InputEvent row = event;
        row.kind = InputKind::kHeading;
        row.source = 1;
        row.flags = 0;
        row.session_time_ns = next_row_ns;
        row.payload.heading.angle_rad = static_cast<float>(wrap_angle(kSpeed * seconds(next_row_ns)));
        all.push_back(row);
      }
      all.push_back(event);
    }
    Engine engine;
    engine.prepare(used);
    const Run result = run(engine, all);
    CHECK(engine.sleep_state() == SleepState::kWake);
    CHECK(engine.tuning().compared_s == 180.0);
    std::vector<SessionChange> told;
    for (const OutputEvent& output : of_kind(result, OutputKind::kSession)) {
      const SessionChange change = output.payload.session.change;
      if (change >= SessionChange::kTuningLost) told.push_back(change);
    }
    return std::pair(engine.tuning(), told);
  };
  for (const std::int64_t delay_ns : {-20 * kNsPerMs, 300 * kNsPerMs}) {
    const auto [good, nothing] = session(settings, delay_ns);
    CHECK(good.state == TuningState::kGood);
    CHECK(good.median_abs_error_deg < 8.0);
    CHECK(nothing.empty());
  }
  EngineSettings lost = settings;
  *lost.heading = with_permuted_units(*settings.heading, 2);
  const auto [figures, told] = session(lost, 0);
  CHECK(figures.state == TuningState::kLost);
  CHECK(told == std::vector<SessionChange>{SessionChange::kTuningLost});
}

TEST_CASE("late spikes are used and counted, unmapped ones are counted only") {
  Engine engine;
  engine.prepare(test::engine_settings());
  auto inputs = test::mouse_inputs(2.0, 0.0, 3);
  const std::uint64_t spikes = static_cast<std::uint64_t>(
      std::count_if(inputs.begin(), inputs.end(), [](const InputEvent& e) { return e.kind == InputKind::kSpike; }));
  InputEvent late = inputs.front();
  late.kind = InputKind::kSpike;
  late.payload.spike = {3, 0, 0.0F};
  late.session_time_ns = 1 * kNsPerS;
  InputEvent unmapped = late;
  unmapped.session_time_ns = 2 * kNsPerS;
  unmapped.payload.spike.unit = kNoUnit;
  inputs.push_back(late);
  inputs.push_back(unmapped);
  run(engine, inputs);
  CHECK(engine.spikes() == spikes + 2);
  CHECK(engine.late_spikes() == 1);
  CHECK(engine.inputs() == inputs.size());
}
