// Calibration while the session runs: what reaches the worker, and what becomes of it.
#include "daemon/pipeline/live_calibration.hpp"

#include <bit>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "daemon/models/heading_model_json.hpp"
#include "daemon/settings/settings.hpp"
#include "tests/helpers/process.hpp"
#include "tests/unit/engine/mouse_inputs.hpp"

using namespace vturn;
using namespace vturn::test;
using wire::CalibrationState;

namespace {

InputEvent command(CommandKind kind, bool flag = false) {
  InputEvent event;
  event.kind = InputKind::kCommand;
  event.payload.command = CommandInput{};
  event.payload.command.command = kind;
  event.payload.command.value_ns = flag ? 1 : 0;
  return event;
}

InputEvent spike(UnitId unit, SessionNs time_ns = 0) {
  InputEvent event;
  event.kind = InputKind::kSpike;
  event.session_time_ns = time_ns;
  event.payload.spike = {unit, 0, 0.0F};
  return event;
}

std::vector<CalibrationTap::Sample> all(CalibrationTap& tap) {
  std::vector<CalibrationTap::Sample> samples;
  for (CalibrationTap::Sample sample; tap.next(sample);) samples.push_back(sample);
  return samples;
}

LiveCalibration::Settings settings_in(const ScratchDir& folder) {
  LiveCalibration::Settings result;
  result.folder = (folder / "sessions").string();
  result.stem = "night-1";
  result.only_awake = false;
  result.limits = {1'000'000, 100'000};
  return result;
}

/// Says the command as the control thread and the decision thread do.
std::string give(LiveCalibration& calibration, CommandKind kind, bool flag = false) {
  const InputEvent event = command(kind, flag);
  const std::string problem = calibration.begin(event.payload.command);
  if (problem.empty()) calibration.take(event, SleepState::kUnknown);
  return problem;
}

/// A mouse whose heading turns steadily, with a tracker of 40 rows a second.
void explore(LiveCalibration& calibration, double duration_s) {
  constexpr double kSpeed = 0.7;
  SessionNs next_row_ns = 0;
  for (const InputEvent& event : mouse_inputs(duration_s, kSpeed, 3)) {
    calibration.take(event, SleepState::kUnknown);
    if (event.session_time_ns < next_row_ns) continue;
    InputEvent row = event;
    row.kind = InputKind::kHeading;
    row.payload.heading.angle_rad = static_cast<float>(wrap_angle(kSpeed * seconds(row.session_time_ns)));
    calibration.take(row, SleepState::kUnknown);
    next_row_ns += 25 * kNsPerMs;
  }
}

wire::CalibrationSnapshot await(LiveCalibration& calibration, CalibrationState state) {
  for (int i = 0; i < 6000; ++i) {
    if (calibration.published().state == state && calibration.published().begun) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(calibration.published().state == state);
  return calibration.published();
}

}  // namespace

TEST_CASE("only what comes between start and stop, of the waking mouse, is passed on") {
  CalibrationTap tap(true);
  tap.take(spike(1), SleepState::kWake);
  tap.take(command(CommandKind::kCalibrateStart, true), SleepState::kWake);
  tap.take(spike(2, 20), SleepState::kWake);
  tap.take(spike(kNoUnit), SleepState::kWake);
  CHECK_FALSE(tap.waits_for_wake());
  for (const SleepState state : {SleepState::kUnknown, SleepState::kNrem, SleepState::kRem}) {
    tap.take(spike(3), state);
    CHECK(tap.waits_for_wake());
  }
  InputEvent row;
  row.kind = InputKind::kHeading;
  row.session_time_ns = 30;
  row.payload.heading.angle_rad = 1.5F;
  tap.take(row, SleepState::kWake);
  tap.take(InputEvent{}, SleepState::kWake);
  tap.take(command(CommandKind::kCalibrateStop), SleepState::kWake);
  tap.take(spike(4), SleepState::kWake);

  const auto samples = all(tap);
  REQUIRE(samples.size() == 4);
  CHECK(samples[0].kind == CalibrationTap::Kind::kStart);
  CHECK(samples[0].value == 1);
  CHECK(samples[1].kind == CalibrationTap::Kind::kSpike);
  CHECK(samples[1].value == 2);
  CHECK(samples[1].time_ns == 20);
  CHECK(samples[2].kind == CalibrationTap::Kind::kHeading);
  CHECK(std::bit_cast<float>(samples[2].value) == 1.5F);
  CHECK(samples[3].kind == CalibrationTap::Kind::kStop);
  CHECK(tap.lost() == 0);
}

TEST_CASE("without a sleep model the operator vouches for wake") {
  CalibrationTap tap(false);
  tap.take(command(CommandKind::kCalibrateStart), SleepState::kUnknown);
  tap.take(spike(2), SleepState::kUnknown);
  CHECK(all(tap).size() == 2);
  CHECK_FALSE(tap.waits_for_wake());
}

TEST_CASE("a worker that gets no time loses samples, counted, and never a stop") {
  CalibrationTap tap(false, 4096);
  tap.take(command(CommandKind::kCalibrateStart), SleepState::kUnknown);
  for (UnitId unit = 0; unit < 1000; ++unit) tap.take(spike(unit), SleepState::kUnknown);
  tap.take(command(CommandKind::kCalibrateStop), SleepState::kUnknown);
  const auto first = all(tap);
  CHECK(tap.lost() == 1001 - first.size());
  CHECK(tap.lost() > 500);
  CHECK(first.back().kind == CalibrationTap::Kind::kSpike);
  tap.take(InputEvent{}, SleepState::kUnknown);  // a tick
  const auto second = all(tap);
  REQUIRE(second.size() == 1);
  CHECK(second.front().kind == CalibrationTap::Kind::kStop);
}

TEST_CASE("collected, fitted and written beside the log, without writing over what is there") {
  const ScratchDir folder;
  LiveCalibration calibration(settings_in(folder));
  CHECK_FALSE(calibration.published().begun);
  for (int round = 0; round < 2; ++round) {
    CHECK(give(calibration, CommandKind::kCalibrateStart, round == 1).empty());
    CHECK_THAT(give(calibration, CommandKind::kCalibrateStart), Catch::Contains("collects already"));
    explore(calibration, 150.0);
    const auto collecting = await(calibration, CalibrationState::kCollecting);
    CHECK(collecting.missing.view().size() < 256);
    CHECK(give(calibration, CommandKind::kCalibrateStop).empty());
    CHECK_FALSE(give(calibration, CommandKind::kCalibrateStart).empty());
    const auto done = await(calibration, CalibrationState::kDone);
    CHECK(done.lost == 0);
    CHECK(done.heading_s == Approx(150.0).margin(1.0));
    CHECK(done.units_ready >= kCells);
    CHECK(done.missing.view().empty());
    CHECK(done.median_abs_error_deg < 10.0);
    const auto expected = folder / (round == 0 ? "sessions/night-1.heading.json" : "sessions/night-1-2.heading.json");
    CHECK(done.model_file.view() == expected.string());
    const auto text = settings::read_text(expected.string(), 16, "");
    REQUIRE(text);
    const auto model = heading_model_from_json(*text, "model");
    REQUIRE(model);
    CHECK(model->units.size() == done.model_units);
    CHECK(model->turn_thresholds.size() >= 2);
    CHECK(model->handedness == (round == 1 ? Handedness::kConfirmed : Handedness::kUnconfirmed));
    CHECK_THAT(give(calibration, CommandKind::kCalibrateStop), Catch::Contains("none was started"));
  }
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder / "sessions")) ++files;
  CHECK(files == 2);
}

TEST_CASE(
    "too little is refused in calibration's words, a discarded one leaves nothing, both can be followed by another") {
  const ScratchDir folder;
  LiveCalibration calibration(settings_in(folder));
  CHECK(give(calibration, CommandKind::kCalibrateStart).empty());
  explore(calibration, 5.0);
  CHECK(give(calibration, CommandKind::kCalibrateStop).empty());
  const auto refused = await(calibration, CalibrationState::kRefused);
  CHECK_THAT(std::string(refused.reason.view()), Catch::Contains("s of tracked heading overlap the recording"));
  for (int i = 0; i < 500 && !give(calibration, CommandKind::kCalibrateStart).empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  explore(calibration, 5.0);
  CHECK(give(calibration, CommandKind::kCalibrateStop, true).empty());
  await(calibration, CalibrationState::kIdle);
  CHECK_FALSE(std::filesystem::exists(folder / "sessions"));
  CHECK(give(calibration, CommandKind::kCalibrateStart).empty());
}

TEST_CASE("a fit is ended by a discard, and by the daemon's end") {
  const ScratchDir folder;
  {
    LiveCalibration calibration(settings_in(folder));
    for (int round = 0; round < 2; ++round) {
      CHECK(give(calibration, CommandKind::kCalibrateStart).empty());
      explore(calibration, 150.0);
      CHECK(give(calibration, CommandKind::kCalibrateStop).empty());
      await(calibration, CalibrationState::kFitting);
      if (round == 1) break;
      CHECK(give(calibration, CommandKind::kCalibrateStop, true).empty());
      await(calibration, CalibrationState::kIdle);
    }
  }
  CHECK_FALSE(std::filesystem::exists(folder / "sessions"));
}

TEST_CASE("without a tracker there is nothing to start") {
  const ScratchDir folder;
  auto untracked = settings_in(folder);
  untracked.tracked = false;
  LiveCalibration calibration(untracked);
  CHECK_THAT(give(calibration, CommandKind::kCalibrateStart), Catch::Contains("tracks heading"));
}
