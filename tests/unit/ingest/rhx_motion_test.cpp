// The accelerometer as the real Intan RHX streams it (one value a block, 156 Hz), from the bytes to the flag by which
// movement inhibits stimulation, against the schedule that the accelerometer was made from.
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <set>

#include "daemon/engine/engine.hpp"
#include "daemon/sleep/emission_fit.hpp"
#include "daemon/sleep/epoch_collector.hpp"
#include "tests/unit/ingest/rhx_truth.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

constexpr std::array<int, 3> kAxes = {0, 1, 2};

/// Which whole seconds of the run are quiet and which moving; those beside a transition belong to neither.
struct Schedule {
  /// `stretch`: of the time axis.
  explicit Schedule(const std::filesystem::path& file, double stretch = 1.0) {
    std::ifstream lines(file);
    std::string line;
    std::getline(lines, line);
    double begin = 0, end = 0;
    std::string state;
    for (char comma = 0; lines >> begin >> comma >> end >> comma >> state;) {
      const double from = begin > 0 ? std::ceil(begin * stretch) + 1 : 0;
      for (double second = from; second + 2 <= std::floor(std::min(end, 319.0) * stretch); ++second)
        (state == "quiet" ? quiet : moving).insert(std::lround(second));
    }
  }
  [[nodiscard]] std::size_t size() const { return quiet.size() + moving.size(); }
  std::set<std::int64_t> quiet, moving;
};

RhxReaderSettings three_axes(double rate_hz) {
  RhxReaderSettings settings = rhx_settings({"A-AUX1", "A-AUX2", "A-AUX3", "DIGITAL-IN-01"}, rate_hz);
  settings.carries_motion = true;
  settings.signals = {{0, "A-AUX1", -1}, {1, "A-AUX2", -1}, {2, "A-AUX3", -1}};
  return settings;
}

std::optional<RhxRun> play_accelerometer(double rate_hz = 20000) {
  auto frames = load_rhx("mouse28/run318/waveform", ".zst", ".zst");
  if (!frames) return std::nullopt;
  std::optional<RhxRun> run(three_axes(rate_hz));
  play(*run, *frames);
  return run;
}

/// Level that log motion has at rest, from the quiet seconds but those of the last third: what calibration takes from
/// NREM.
MotionReference rest(const std::vector<InputEvent>& blocks, const Schedule& schedule) {
  constexpr std::int64_t kEpochS = 2;
  EpochCollector collector({.motion = kAxes}, kEpochS);
  const std::int64_t last_third = 2 * *schedule.moving.rbegin() / 3;
  for (const InputEvent& block : blocks) collector.push(block.payload.lfp, block.session_time_ns);
  for (LabelledEpoch& epoch : collector.epochs()) {
    const std::int64_t second = std::lround(epoch.t_s);
    bool quiet = second < last_third;
    for (std::int64_t i = 0; i < kEpochS; ++i) quiet = quiet && schedule.quiet.contains(second + i);
    epoch.stage = quiet ? SleepState::kNrem : SleepState::kUnknown;
  }
  return fit_motion(collector.epochs(), SleepFeature::kMotion);
}

EngineSettings motion_only(const MotionReference& reference) {
  EngineSettings settings;
  settings.features.motion = kAxes;
  settings.trigger.sources.push_back({.is_master = true, .carries_motion = true});
  settings.sleep.emplace();
  settings.sleep->features = {SleepFeature::kMotion};
  for (std::size_t state = 0; state < kSleepStates; ++state) {
    settings.sleep->emissions[state].mean[0] = reference.nrem_median + (state == 0 ? 5.0 : 0.0);
    settings.sleep->emissions[state].covariance[0][0] = 1.0;
  }
  settings.sleep->motion = reference;
  return settings;
}

/// Share of the ten frames of each second in which `moving` was on.
std::map<std::int64_t, double> moving_share(const std::vector<InputEvent>& events, const EngineSettings& settings) {
  Engine engine;
  engine.prepare(settings);
  const auto out = std::make_unique<OutputBuffer>();
  std::map<std::int64_t, double> share;
  for (const InputEvent& event : events) {
    out->clear();
    engine.step(event, *out);
    for (const OutputEvent& output : out->events()) {
      if (output.kind != OutputKind::kSleep) continue;
      share[(output.session_time_ns - 1) / kNsPerS] += 0.1 * output.payload.sleep.moving;
    }
  }
  return share;
}

}  // namespace

TEST_CASE("RHX accelerometer: the spread of a second tells quiet from moving in every one of 298 seconds") {
  const auto schedule_file = shared_data("intan/mouse28/motion.csv");
  auto run = play_accelerometer();
  if (!schedule_file || !run) return;
  const Schedule schedule(*schedule_file);
  REQUIRE(schedule.size() == 298);
  std::map<std::int64_t, double> spread;  // s.d. over a second, summed over the axes
  for (const std::uint16_t axis : {std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{2}}) {
    std::map<std::int64_t, std::array<double, 3>> sums;
    const auto samples = samples_of(*run, axis);
    REQUIRE(samples.size() == 49732);
    for (const auto& [time_ns, volts] : samples) {
      auto& [n, sum, square] = sums[time_ns / kNsPerS];
      const double above = static_cast<double>(volts) - 1.65;
      n += 1, sum += above, square += above * above;
    }
    for (const auto& [second, s] : sums) spread[second] += std::sqrt(s[2] / s[0] - s[1] / s[0] * s[1] / s[0]);
  }
  double most_quiet = 0, least_moving = 1;
  for (const std::int64_t second : schedule.quiet) most_quiet = std::max(most_quiet, spread[second]);
  for (const std::int64_t second : schedule.moving) least_moving = std::min(least_moving, spread[second]);
  std::printf("RHX accelerometer, s.d. of a second: quiet up to %.1f mV, moving from %.1f mV (%zu and %zu s)\n",
              1e3 * most_quiet, 1e3 * least_moving, schedule.quiet.size(), schedule.moving.size());
  CHECK(most_quiet < 0.004);
  CHECK(least_moving > 0.060);
}

TEST_CASE("RHX accelerometer: movement inhibits in 99 % of the moving seconds and in none of the quiet ones") {
  // The same values sent as at 30 kHz are 234 a second, and everything is faster.
  const double rate_hz = GENERATE(20000.0, 30000.0);
  const auto schedule_file = shared_data("intan/mouse28/motion.csv");
  auto run = play_accelerometer(rate_hz);
  if (!schedule_file || !run) return;
  const Schedule schedule(*schedule_file, 20000 / rate_hz);
  const MotionReference reference = rest(run->sink.of(InputKind::kLfp), schedule);
  REQUIRE(reference.known);
  auto share = moving_share(run->sink.events, motion_only(reference));
  std::size_t quiet = 0, moving = 0;
  for (const std::int64_t second : schedule.quiet) quiet += share[second] < 0.5 ? 1U : 0U;
  for (const std::int64_t second : schedule.moving) moving += share[second] > 0.5 ? 1U : 0U;
  std::printf("RHX accelerometer at %.1f Hz: %zu of %zu quiet and %zu of %zu moving seconds told right (%.2f %%)\n",
              rate_hz / 128, quiet, schedule.quiet.size(), moving, schedule.moving.size(),
              100.0 * static_cast<double>(quiet + moving) / static_cast<double>(schedule.size()));
  CHECK(quiet == schedule.quiet.size());
  // In the run's first two seconds its filters settle: until then the state is unknown, which inhibits as well.
  CHECK(moving + 2 >= schedule.moving.size());
  if (rate_hz == 20000.0) CHECK(static_cast<double>(quiet + moving) >= 0.99 * 298);
}
