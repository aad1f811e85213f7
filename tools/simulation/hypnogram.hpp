#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/expected.hpp"
#include "daemon/core/types.hpp"

namespace vturn::simulation {

/// The built-in recordings, in the form of hypnograms.csv.
extern const char* const kShippedHypnograms;

/// A stretch of one stage. An artefact epoch of the scorer keeps the stage before it and is marked.
struct Bout {
  SleepState stage;
  double start_s, end_s;
  bool artefact;
};

/// A night as an expert scored it: bouts without gaps from 0 on. After its end it starts again.
class Hypnogram {
 public:
  explicit Hypnogram(std::vector<Bout> bouts) : bouts_(std::move(bouts)) {}

  /// Run lengths as in hypnograms.csv ("N7 W3 A1"), 4-second epochs. Errors name the token.
  static Expected<Hypnogram> parse(std::string_view run_lengths);
  /// One of the built-in recordings, by number.
  static Hypnogram shipped(std::size_t index);
  static std::size_t shipped_count();
  /// A file: `t_s,stage` (rows hold until the next; the last row ends it), or hypnograms.csv's own form (its first
  /// line).
  static Expected<Hypnogram> load(const std::filesystem::path& file);

  /// For demonstrations: what lies between two REM bouts is cut to `limit_s` (its first 40 %, its last 60 %), and the
  /// night begins with `limit_s` of wake. REM bouts stay as they were.
  [[nodiscard]] Hypnogram compressed(double limit_s) const;
  /// As it is, after `lead_s` of wake.
  [[nodiscard]] Hypnogram after_wake(double lead_s) const;

  [[nodiscard]] const std::vector<Bout>& bouts() const noexcept { return bouts_; }
  [[nodiscard]] double duration_s() const noexcept { return bouts_.back().end_s; }

 private:
  std::vector<Bout> bouts_;
};

/// Walks a hypnogram forward in time and tells what is now and what comes next.
class HypnogramWalk {
 public:
  explicit HypnogramWalk(Hypnogram hypnogram) : hypnogram_(std::move(hypnogram)) {}

  /// `time_s` must not go back.
  void advance(double time_s) noexcept;
  [[nodiscard]] SleepState stage() const noexcept { return bout().stage; }
  [[nodiscard]] bool artefact() const noexcept { return bout().artefact; }
  /// Seconds until the next bout of another stage, looking over artefact marks.
  [[nodiscard]] double until_change_s() const noexcept { return change_s_ - time_s_; }
  [[nodiscard]] double since_change_s() const noexcept { return time_s_ - since_s_; }
  [[nodiscard]] SleepState next_stage() const noexcept { return next_stage_; }

 private:
  [[nodiscard]] const Bout& bout() const noexcept { return hypnogram_.bouts()[index_]; }
  void look_ahead() noexcept;

  Hypnogram hypnogram_;
  std::size_t index_ = 0;
  double lap_s_ = 0.0;  ///< start of the present repetition
  double time_s_ = 0.0, since_s_ = 0.0, change_s_ = -1.0;
  SleepState next_stage_ = SleepState::kWake;
};

/// W, N, R.
char stage_letter(SleepState stage) noexcept;

}  // namespace vturn::simulation
