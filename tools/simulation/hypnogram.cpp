#include "tools/simulation/hypnogram.hpp"

#include <charconv>
#include <sstream>

#include "tools/lib/atomic_file.hpp"
#include "tools/lib/csv.hpp"

namespace vturn::simulation {
namespace {

constexpr double kEpochS = 4.0;
constexpr std::size_t kMaxFileBytes = 64U << 20U;

std::vector<std::string> recording_lines(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.front() != '#') lines.push_back(line.substr(line.find(',') + 1));
  }
  return lines;
}

bool stage_of(char letter, SleepState& stage, bool& artefact) {
  artefact = letter == 'A';
  if (letter == 'W') stage = SleepState::kWake;
  if (letter == 'N') stage = SleepState::kNrem;
  if (letter == 'R') stage = SleepState::kRem;
  return artefact || letter == 'W' || letter == 'N' || letter == 'R';
}

void append(std::vector<Bout>& bouts, SleepState stage, double duration_s, bool artefact) {
  if (duration_s <= 0.0) return;
  const double start_s = bouts.empty() ? 0.0 : bouts.back().end_s;
  if (!bouts.empty() && bouts.back().stage == stage && bouts.back().artefact == artefact) {
    bouts.back().end_s += duration_s;
    return;
  }
  bouts.push_back({stage, start_s, start_s + duration_s, artefact});
}

/// Appends the part [from_s, to_s) of a list of bouts.
void append_part(std::vector<Bout>& out, const std::vector<Bout>& from, double from_s, double to_s) {
  for (const auto& bout : from) {
    append(out, bout.stage, std::min(bout.end_s, to_s) - std::max(bout.start_s, from_s), bout.artefact);
  }
}

Expected<Hypnogram> load_rows(const std::filesystem::path& file) {
  tools::CsvReader rows(file);
  const auto time = rows.column("t_s");
  const auto stage_column = rows.column("stage");
  std::vector<Bout> bouts;
  SleepState stage = SleepState::kWake;
  bool artefact = false;
  double last_s = 0.0;
  bool first = true;
  while (rows.next()) {
    const double t_s = rows.real(time);
    if (!first && t_s <= last_s) throw rows.error_at(time, "time does not rise: sort the rows");
    if (!first) append(bouts, stage, t_s - last_s, artefact);
    const auto text = rows.text(stage_column);
    if (text.size() != 1 || !stage_of(text.front(), stage, artefact)) {
      throw rows.error_at(stage_column, "stage must be W, N, R or A (artefact)");
    }
    last_s = t_s;
    first = false;
  }
  if (bouts.empty()) return Error{file.string() + ": fewer than two rows, no night can be made of it"};
  return Hypnogram(std::move(bouts));
}

}  // namespace

Expected<Hypnogram> Hypnogram::parse(std::string_view run_lengths) {
  std::vector<Bout> bouts;
  std::istringstream in{std::string(run_lengths)};
  SleepState stage = SleepState::kWake;
  for (std::string token; in >> token;) {
    bool artefact = false;
    int epochs = 0;
    const auto* end = token.data() + token.size();
    const auto [stop, error] = std::from_chars(token.data() + 1, end, epochs);
    if (!stage_of(token.front(), stage, artefact) || error != std::errc{} || stop != end || epochs <= 0) {
      return Error{"hypnogram: '" + token + "' is not a stage (W, N, R, A) and a number of 4-s epochs, such as N48"};
    }
    append(bouts, stage, epochs * kEpochS, artefact);
  }
  if (bouts.empty()) return Error{"hypnogram: no epochs"};
  return Hypnogram(std::move(bouts));
}

std::size_t Hypnogram::shipped_count() { return recording_lines(kShippedHypnograms).size(); }

Hypnogram Hypnogram::shipped(std::size_t index) {
  const auto lines = recording_lines(kShippedHypnograms);
  return *parse(lines.at(index % lines.size()));
}

Expected<Hypnogram> Hypnogram::load(const std::filesystem::path& file) {
  const std::string content = tools::read_file(file, kMaxFileBytes);
  if (content.find("t_s") != std::string::npos && content.find("stage") != std::string::npos) return load_rows(file);
  const auto lines = recording_lines(content);
  if (lines.empty()) return Error{file.string() + ": no hypnogram in it"};
  auto parsed = parse(lines.front());
  if (!parsed) return Error{file.string() + ": " + parsed.error()};
  return parsed;
}

Hypnogram Hypnogram::compressed(double limit_s) const {
  std::vector<Bout> out;
  append(out, SleepState::kWake, limit_s, false);
  double stretch_start_s = 0.0;
  const auto close_stretch = [&](double end_s) {
    const double length_s = end_s - stretch_start_s;
    if (length_s <= limit_s) {
      append_part(out, bouts_, stretch_start_s, end_s);
    } else {
      append_part(out, bouts_, stretch_start_s, stretch_start_s + 0.4 * limit_s);
      append_part(out, bouts_, end_s - 0.6 * limit_s, end_s);
    }
  };
  for (const auto& bout : bouts_) {
    if (bout.stage != SleepState::kRem) continue;
    close_stretch(bout.start_s);
    append(out, bout.stage, bout.end_s - bout.start_s, bout.artefact);
    stretch_start_s = bout.end_s;
  }
  close_stretch(duration_s());
  return Hypnogram(std::move(out));
}

Hypnogram Hypnogram::after_wake(double lead_s) const {
  std::vector<Bout> out;
  append(out, SleepState::kWake, lead_s, false);
  append_part(out, bouts_, 0.0, duration_s());
  return Hypnogram(std::move(out));
}

void HypnogramWalk::advance(double time_s) noexcept {
  time_s_ = time_s;
  while (time_s_ - lap_s_ >= bout().end_s) {
    const SleepState before = stage();
    const double end_s = lap_s_ + bout().end_s;
    if (++index_ == hypnogram_.bouts().size()) {
      index_ = 0;
      lap_s_ += hypnogram_.duration_s();
    }
    if (stage() != before) since_s_ = end_s;
  }
  if (time_s_ >= change_s_) look_ahead();
}

void HypnogramWalk::look_ahead() noexcept {
  const auto& bouts = hypnogram_.bouts();
  double lap_s = lap_s_;
  std::size_t index = index_;
  for (std::size_t seen = 0; seen < bouts.size(); ++seen) {
    change_s_ = lap_s + bouts[index].end_s;
    if (++index == bouts.size()) {
      index = 0;
      lap_s += hypnogram_.duration_s();
    }
    next_stage_ = bouts[index].stage;
    if (next_stage_ != stage()) return;
  }
}

char stage_letter(SleepState stage) noexcept {
  switch (stage) {
    case SleepState::kNrem:
      return 'N';
    case SleepState::kRem:
      return 'R';
    default:
      return 'W';
  }
}

}  // namespace vturn::simulation
