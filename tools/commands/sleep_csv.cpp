#include "tools/commands/sleep_csv.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "tools/lib/csv.hpp"
#include "tools/lib/interrupt.hpp"

namespace vturn::tools {
namespace {

/// Two weeks at 10 Hz: more is a mistake, and would not fit in memory.
constexpr std::size_t kMostRows = 14 * 864'000;
constexpr double kLargestTimeS = 1e9;

class ValueHash {
 public:
  void add(double value) noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (unsigned i = 0; i < 8; ++i) hash_ = (hash_ ^ ((bits >> (8 * i)) & 0xFFU)) * 0x100000001B3ULL;
  }
  [[nodiscard]] std::string text() const {
    char buffer[17];
    std::snprintf(buffer, sizeof buffer, "%016llx", static_cast<unsigned long long>(hash_));
    return buffer;
  }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
};

SleepState stage_at(const CsvReader& csv, std::size_t column) {
  std::string text(csv.text(column));
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (text == "W" || text == "WAKE") return SleepState::kWake;
  if (text == "N" || text == "NREM") return SleepState::kNrem;
  if (text == "R" || text == "REM") return SleepState::kRem;
  if (text.empty() || text == "U" || text == "UNKNOWN") return SleepState::kUnknown;
  throw csv.error_at(column, "'" + text.substr(0, 20) + "' is no stage; allowed: W, N, R, U");
}

/// Checks that times rise and that there are not too many.
class RowCheck {
 public:
  double time(const CsvReader& csv, std::size_t column) {
    const double t_s = csv.real(column);
    if (!(std::fabs(t_s) < kLargestTimeS)) throw csv.error_at(column, "time must lie within 1e9 s");
    if (rows_ > 0 && t_s <= last_s_) throw csv.error_at(column, "time does not rise; sort the rows by t_s");
    if (++rows_ > kMostRows) throw csv.error_at(column, "more than 12 million rows; split the file");
    if (rows_ % 4096 == 0) throw_if_interrupted();
    last_s_ = t_s;
    return t_s;
  }

 private:
  std::size_t rows_ = 0;
  double last_s_ = 0.0;
};

std::array<std::optional<std::size_t>, kSleepFeatures> feature_columns(const CsvReader& csv) {
  std::array<std::optional<std::size_t>, kSleepFeatures> columns;
  for (std::size_t i = 0; i < kSleepFeatures; ++i) columns[i] = csv.find_column(kSleepFeatureNames[i]);
  return columns;
}

void read_powers(const CsvReader& csv, const std::array<std::optional<std::size_t>, kSleepFeatures>& columns,
                 FeatureFrame& frame, ValueHash& hash) {
  for (std::size_t i = 0; i < kSleepFeatures; ++i) {
    if (!columns[i]) continue;
    const double power = csv.optional_real(*columns[i]).value_or(0.0);
    if (power < 0.0) throw csv.error_at(*columns[i], "power is negative; give linear power, 0 where there is none");
    hash.add(power);
    if (power > 0.0) frame.set(static_cast<SleepFeature>(i), static_cast<float>(std::log(power)));
  }
}

void set_frame_times(std::vector<LabelledEpoch>& epochs) {
  const double epoch_s = epoch_length_s(epochs);
  for (LabelledEpoch& epoch : epochs) {
    epoch.frame.time_ns = static_cast<SessionNs>(std::llround((epoch.t_s + epoch_s) * 1e9));
  }
}

std::string power_text(const FeatureFrame& frame, SleepFeature feature) {
  if (!frame.has(feature)) return "0";
  char buffer[32];
  const double power = std::exp(static_cast<double>(frame.value(feature)));
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, power, std::chars_format::general, 9).ptr;
  return {buffer, end};
}

const char* letter(SleepState state) noexcept {
  switch (state) {
    case SleepState::kWake:
      return "W";
    case SleepState::kNrem:
      return "N";
    case SleepState::kRem:
      return "R";
    default:
      return "U";
  }
}

bool regular(const std::vector<TruthEpoch>& rows, double spacing) {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const double steps = (rows[i].t_s - rows[i - 1].t_s) / spacing;
    // Missing epochs are allowed: a multiple of the spacing.
    if (std::fabs(steps - std::round(steps)) > 0.01) return false;
  }
  return true;
}

Hypnogram cut_into_seconds(const std::vector<TruthEpoch>& rows) {
  Hypnogram result;
  result.epoch_s = 1.0;
  std::size_t row = 0;
  for (double t_s = rows.front().t_s; t_s + 1.0 <= rows.back().t_s && result.epochs.size() < kMostRows; t_s += 1.0) {
    while (row + 1 < rows.size() && rows[row + 1].t_s <= t_s + 0.5) ++row;
    result.epochs.push_back({t_s, rows[row].stage});
  }
  return result;
}

}  // namespace

SleepTable read_sleep_features(const std::filesystem::path& file, bool stages) {
  CsvReader csv(file);
  const std::size_t time = csv.column("t_s");
  const auto columns = feature_columns(csv);
  const auto stage = stages ? std::optional(csv.column("stage")) : csv.find_column("stage");
  const auto artefact = csv.find_column("artefact");
  SleepTable table;
  ValueHash hash;
  RowCheck check;
  while (csv.next()) {
    LabelledEpoch epoch;
    epoch.t_s = check.time(csv, time);
    hash.add(epoch.t_s);
    read_powers(csv, columns, epoch.frame, hash);
    if (stage) epoch.stage = stage_at(csv, *stage);
    if (artefact) epoch.frame.artefact = csv.optional_real(*artefact).value_or(0.0) != 0.0;
    hash.add(static_cast<double>(epoch.stage));
    table.epochs.push_back(epoch);
  }
  if (table.epochs.size() < 2) throw CsvError(file.string() + ": fewer than two rows of features");
  set_frame_times(table.epochs);
  table.hash = hash.text();
  return table;
}

std::string sleep_features_hash(std::span<const LabelledEpoch> epochs) {
  ValueHash hash;
  for (const LabelledEpoch& epoch : epochs) {
    hash.add(epoch.t_s);
    for (const float value : epoch.frame.log_power) hash.add(static_cast<double>(value));
    hash.add(static_cast<double>(epoch.stage));
  }
  return hash.text();
}

void write_sleep_features(std::ostream& out, std::span<const LabelledEpoch> epochs) {
  std::array<std::string_view, kLiveSleepFeatures + 3> columns{"t_s"};
  std::copy_n(kSleepFeatureNames.begin(), kLiveSleepFeatures, columns.begin() + 1);
  columns[kLiveSleepFeatures + 1] = "stage";
  columns[kLiveSleepFeatures + 2] = "artefact";
  CsvWriter csv(out, columns);
  for (const LabelledEpoch& epoch : epochs) {
    csv.real(epoch.t_s, 3);
    for (std::size_t i = 0; i < kLiveSleepFeatures; ++i)
      csv.text(power_text(epoch.frame, static_cast<SleepFeature>(i)));
    csv.text(letter(epoch.stage)).integer(epoch.frame.artefact ? 1 : 0);
    csv.end_row();
  }
}

Hypnogram read_hypnogram(const std::filesystem::path& file) {
  CsvReader csv(file);
  const std::size_t time = csv.column("t_s");
  const std::size_t stage = csv.column({"stage", "state"});
  std::vector<TruthEpoch> rows;
  RowCheck check;
  while (csv.next()) rows.push_back({check.time(csv, time), stage_at(csv, stage)});
  if (rows.size() < 2) throw CsvError(file.string() + ": fewer than two rows of stages");
  if (rows.back().t_s - rows.front().t_s < 1.0)
    throw CsvError(file.string() + ": spans less than a second; are times in seconds?");
  std::vector<LabelledEpoch> spacing(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) spacing[i].t_s = rows[i].t_s;
  const double epoch_s = epoch_length_s(spacing);
  if (regular(rows, epoch_s)) return {rows, epoch_s};
  return cut_into_seconds(rows);
}

std::vector<SleepDecision> read_decoded_sleep(const std::filesystem::path& file) {
  CsvReader csv(file);
  const std::size_t time = csv.column("t_s");
  const std::size_t state = csv.column({"state", "stage"});
  const std::array<std::size_t, kSleepStates> p = {csv.column("p_wake"), csv.column("p_nrem"), csv.column("p_rem")};
  std::vector<SleepDecision> decisions;
  RowCheck check;
  while (csv.next()) {
    SleepDecision decision{check.time(csv, time), stage_at(csv, state), {}};
    for (std::size_t s = 0; s < kSleepStates; ++s) decision.p[s] = csv.real(p[s]);
    decisions.push_back(decision);
  }
  if (decisions.empty()) throw CsvError(file.string() + ": no decision in it");
  return decisions;
}

}  // namespace vturn::tools
