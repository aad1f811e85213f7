#include "tools/commands/scoring_file.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "tools/commands/registry.hpp"
#include "tools/lib/csv.hpp"
#include "tools/matlab/mat_file.hpp"

namespace vturn::tools {
namespace {

constexpr double kLongestS = 14.0 * 86400.0;
constexpr std::size_t kMostEpochs = 14 * 864'000;
constexpr double kSecond = 1.0;

struct StateField {
  const char* name;
  SleepState state;
};
constexpr StateField kStateFields[] = {{"WAKEstate", SleepState::kWake},
                                       {"MAstate", SleepState::kWake},
                                       {"NREMstate", SleepState::kNrem},
                                       {"REMstate", SleepState::kRem}};

struct StateInterval {
  double from_s, to_s;
  SleepState state;
};

void add_intervals(const MatMatrix& matrix, const StateField& field, const std::string& file,
                   std::vector<StateInterval>& intervals) {
  if (matrix.rows == 0) return;
  const std::string where = file + ": " + field.name;
  if (matrix.columns != 2) throw MatError(where + " must have two columns: start and stop in seconds");
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    const double from_s = matrix.at(row, 0);
    const double to_s = matrix.at(row, 1);
    if (!(from_s >= 0.0 && from_s <= to_s && to_s <= kLongestS)) {
      throw MatError(where + ": interval " + std::to_string(row + 1) +
                     " must start at 0 s or later and stop after it, within 14 days");
    }
    intervals.push_back({from_s, to_s, field.state});
  }
}

/// Seconds, each with the state of the interval that holds its middle. Scorers that count whole seconds leave one
/// between the stop of an interval and the start of the next: it belongs to the first.
Hypnogram cut(std::vector<StateInterval> intervals, const std::string& file) {
  std::sort(intervals.begin(), intervals.end(),
            [](const StateInterval& a, const StateInterval& b) { return a.from_s < b.from_s; });
  for (std::size_t i = 0; i + 1 < intervals.size(); ++i) {
    const double next_s = intervals[i + 1].from_s;
    if (next_s < intervals[i].to_s - kSecond)
      throw MatError(file + ": intervals of two states overlap at " + std::to_string(next_s) + " s");
    if (next_s <= intervals[i].to_s + kSecond) intervals[i].to_s = next_s;
  }
  Hypnogram result;
  result.epoch_s = kSecond;
  for (const StateInterval& one : intervals) {
    const double first = std::ceil(one.from_s / kSecond - 0.5);
    for (double at = first; (at + 0.5) * kSecond < one.to_s; at += 1.0) {
      result.epochs.push_back({at * kSecond, one.state});
    }
  }
  if (result.epochs.empty()) throw MatError(file + ": its intervals hold no whole second");
  return result;
}

SleepState accusleep_state(double label) noexcept {
  if (label == 1.0) return SleepState::kRem;
  if (label == 2.0) return SleepState::kWake;
  if (label == 3.0) return SleepState::kNrem;
  return SleepState::kUnknown;
}

Hypnogram from_labels(const std::vector<double>& labels, std::optional<double> epoch_s, const std::string& file) {
  if (!epoch_s) throw UsageError(file + " holds labels without times: say how long an epoch is with --label-epoch-s");
  if (labels.size() > kMostEpochs) throw MatError(file + ": more than 12 million labels");
  Hypnogram result;
  result.epoch_s = *epoch_s;
  for (std::size_t i = 0; i < labels.size(); ++i)
    result.epochs.push_back({*epoch_s * static_cast<double>(i), accusleep_state(labels[i])});
  const auto known = [](const TruthEpoch& epoch) { return epoch.stage != SleepState::kUnknown; };
  if (std::none_of(result.epochs.begin(), result.epochs.end(), known))
    throw MatError(file + ": no label is 1 (REM), 2 (wake) or 3 (NREM)");
  return result;
}

Hypnogram read_mat(const std::filesystem::path& path, std::optional<double> epoch_s) {
  const std::string file = path.string();
  const MatFile mat(path);
  for (const char* place : {"SleepState.ints.", "StateIntervals."}) {
    std::vector<StateInterval> intervals;
    bool found = false;
    for (const StateField& field : kStateFields) {
      const auto matrix = mat.matrix(std::string(place) + field.name);
      if (!matrix) continue;
      found = true;
      add_intervals(*matrix, field, file, intervals);
    }
    if (found) return cut(std::move(intervals), file);
  }
  const auto labels = mat.matrix("labels");
  if (!labels) {
    throw MatError(file +
                   ": holds no scoring that is known: SleepState.ints or StateIntervals (buzcode), labels (AccuSleep)");
  }
  return from_labels(labels->values, epoch_s, file);
}

Hypnogram read_brain_states(CsvReader& csv, std::size_t column, std::optional<double> epoch_s,
                            const std::string& file) {
  std::vector<double> labels;
  while (csv.next()) {
    labels.push_back(csv.real(column));
    if (labels.size() > kMostEpochs) throw csv.error_at(column, "more than 12 million labels");
  }
  return from_labels(labels, epoch_s, file);
}

Hypnogram read_from_begin(const std::filesystem::path& file, std::optional<double> epoch_s) {
  if (file.extension() == ".mat") return read_mat(file, epoch_s);
  CsvReader csv(file);
  if (const auto column = csv.find_column("brain_state"); column && !csv.find_column("t_s"))
    return read_brain_states(csv, *column, epoch_s, file.string());
  return read_hypnogram(file);
}

}  // namespace

Hypnogram read_scoring(const std::filesystem::path& file, std::optional<double> epoch_s, double at_s) {
  Hypnogram scoring = read_from_begin(file, epoch_s);
  for (TruthEpoch& epoch : scoring.epochs) epoch.t_s += at_s;
  return scoring;
}

void label(std::vector<LabelledEpoch>& epochs, const Hypnogram& scoring) {
  const double half_s = 0.5 * epoch_length_s(epochs);
  std::size_t at = 0;
  for (LabelledEpoch& epoch : epochs) {
    const double middle_s = epoch.t_s + half_s;
    while (at + 1 < scoring.epochs.size() && scoring.epochs[at + 1].t_s <= middle_s) ++at;
    const double since_s = middle_s - scoring.epochs[at].t_s;
    const bool covered = since_s >= 0.0 && since_s < scoring.epoch_s;
    epoch.stage = covered ? scoring.epochs[at].stage : SleepState::kUnknown;
  }
}

}  // namespace vturn::tools
