// vturn evaluate turns: detected turns (the exported turns.csv) against the true ones.
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "daemon/core/angle.hpp"
#include "tools/commands/registry.hpp"
#include "tools/lib/csv.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/lib/progress.hpp"
#include "tools/lib/turn_scoring.hpp"

namespace vturn::tools {
namespace {

struct Options {
  std::string truth;
  std::string detected;
  double min_angle_deg = 45.0;
  double window_ms = 1000.0;
  double from_s = 0.0;
  double to_s = 0.0;
  std::string state;
  bool json = false;
};

constexpr std::size_t kMaxTurns = 5'000'000;

Direction direction_at(const CsvReader& csv, std::size_t column) {
  const std::string_view name = csv.text(column);
  if (name == "clockwise" || name == "CLOCKWISE" || name == "cw") return Direction::kClockwise;
  if (name == "counterclockwise" || name == "COUNTERCLOCKWISE" || name == "ccw") return Direction::kCounterclockwise;
  throw csv.error_at(column, "is neither clockwise nor counterclockwise");
}

bool is_scored(const Options& options, double time_s) {
  return time_s >= options.from_s && (options.to_s <= 0.0 || time_s < options.to_s);
}

/// Calls `row` for every line of a file, with progress; Ctrl-C ends it with an error.
void read_rows(CsvReader& csv, const std::string& file, const std::function<void()>& row) {
  Progress progress("reading " + std::filesystem::path(file).filename().string(), csv.bytes_total());
  for (std::size_t rows = 0; csv.next(); ++rows) {
    throw_if_interrupted();
    if (rows == kMaxTurns) throw UsageError(file + ": more than 5000000 turns; this is not a list of turns");
    row();
    progress.update(csv.bytes_read());
  }
}

std::vector<TrueTurn> read_truth(const Options& options) {
  CsvReader csv(options.truth);
  const std::size_t onset = csv.column("onset_s");
  const std::size_t direction = csv.column("direction");
  const std::size_t angle = csv.column("angle_rad");
  std::vector<TrueTurn> turns;
  read_rows(csv, options.truth, [&] {
    const TrueTurn turn{csv.real(onset), direction_at(csv, direction), csv.real(angle)};
    if (is_scored(options, turn.onset_s)) turns.push_back(turn);
  });
  return turns;
}

std::vector<DetectedTurn> read_detected(const Options& options) {
  CsvReader csv(options.detected);
  const std::size_t time = csv.column("t_s");
  const std::size_t onset = csv.column("onset_s");
  const std::size_t direction = csv.column("direction");
  const auto phase = csv.find_column("phase");
  const auto state = csv.find_column("sleep_state");
  if (!options.state.empty() && !state) {
    throw UsageError(options.detected + ": has no column sleep_state, so --state cannot be used");
  }
  std::vector<DetectedTurn> turns;
  read_rows(csv, options.detected, [&] {
    if (phase && csv.text(*phase) != "ONSET" && csv.text(*phase) != "onset") return;
    if (!options.state.empty() && csv.text(*state) != options.state) return;
    const DetectedTurn turn{csv.real(time), csv.real(onset), direction_at(csv, direction)};
    if (is_scored(options, turn.decision_s)) turns.push_back(turn);
  });
  return turns;
}

Json to_json(const TurnScore& score, const Options& options) {
  return {{"min_angle_deg", options.min_angle_deg},
          {"turns", score.turns},
          {"hits", score.hits},
          {"missed", score.missed},
          {"wrong_direction", score.wrong_direction},
          {"detections", score.detections},
          {"false_alarms", score.false_alarms},
          {"duration_s", json_number(score.duration_s)},
          {"false_per_minute", json_number(score.false_per_minute)},
          {"false_per_minute_low", json_number(score.false_per_minute_low)},
          {"false_per_minute_high", json_number(score.false_per_minute_high)},
          {"latency_median_ms", json_number(1e3 * score.latency_median_s)},
          {"latency_p90_ms", json_number(1e3 * score.latency_p90_s)},
          {"onset_error_median_ms", json_number(1e3 * score.onset_error_median_s)}};
}

void print_text(const TurnScore& score, const Options& options) {
  std::printf("turns of at least %g deg: %llu, hit %llu, missed %llu (%llu of them detected the wrong way)\n",
              options.min_angle_deg, static_cast<unsigned long long>(score.turns),
              static_cast<unsigned long long>(score.hits), static_cast<unsigned long long>(score.missed),
              static_cast<unsigned long long>(score.wrong_direction));
  std::printf("false alarms: %llu in %.1f min = %.2f/min (95 %%: %.2f-%.2f)\n",
              static_cast<unsigned long long>(score.false_alarms), score.duration_s / 60.0, score.false_per_minute,
              score.false_per_minute_low, score.false_per_minute_high);
  if (score.hits == 0) return;
  std::printf(
      "latency from true onset: median %.0f ms, 90 %% within %.0f ms; onset estimate off by %+.0f ms (median)\n",
      1e3 * score.latency_median_s, 1e3 * score.latency_p90_s, 1e3 * score.onset_error_median_s);
}

int evaluate(const Options& options) {
  const InterruptScope interruptible;
  TurnScoreSettings settings;
  settings.min_angle_rad = options.min_angle_deg * kPi / 180.0;
  settings.window_s = options.window_ms * 1e-3;
  if (options.to_s > 0.0) {
    if (options.to_s <= options.from_s) throw UsageError("--to must be after --from");
    settings.duration_s = options.to_s - options.from_s;
  }
  const TurnScore score = score_turns(read_truth(options), read_detected(options), settings);
  if (options.json) {
    print_json(to_json(score, options));
  } else {
    print_text(score, options);
  }
  return 0;
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--truth", options->truth, "CSV of true turns: onset_s,direction,angle_rad")->required();
  app.add_option("--detected", options->detected, "CSV of detected turns: turns.csv of `vturn export`")->required();
  app.add_option("--min-angle", options->min_angle_deg, "score true turns of at least this angle, degrees")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  app.add_option("--window", options->window_ms,
                 "a detection belongs to a turn that began at most this long before, ms")
      ->check(CLI::Range(10.0, 10000.0))
      ->capture_default_str();
  app.add_option("--from", options->from_s, "score from this session time, s")->capture_default_str();
  app.add_option("--to", options->to_s, "score up to this session time, s (0 = the end)")->capture_default_str();
  app.add_option("--state", options->state, "score only detections in this sleep state")
      ->check(CLI::IsMember({"WAKE", "NREM", "REM", "UNKNOWN"}));
  app.add_flag("--json", options->json, "print the figures as JSON");
  return [options] { return evaluate(*options); };
}

const Registration registration{
    {"evaluate", "turns", "hits, misses, false alarms and latency of detected turns", configure}};

}  // namespace
}  // namespace vturn::tools
