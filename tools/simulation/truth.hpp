#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "tools/lib/atomic_file.hpp"
#include "tools/lib/csv.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/simulation/mouse.hpp"

namespace vturn::simulation {

/// The truth of a run, as the files that `vturn evaluate` reads: spikes.csv (unit,t_s), heading.csv (t_s,hd_rad, every
/// 10 ms), turns.csv (onset_s,direction,angle_rad), states.csv (t_s,stage, every second), population.csv
/// (t_s,direction), stimulations.csv, summary.json. They appear whole at finish(), or not at all.
class TruthWriter {
 public:
  explicit TruthWriter(const std::filesystem::path& folder);
  void add(const Block& block);
  /// Also when the run was stopped early.
  void finish(const tools::Json& summary);

 private:
  struct File {
    File(const std::filesystem::path& path, std::initializer_list<std::string_view> header);
    tools::AtomicFile file;
    tools::CsvWriter csv;
  };

  std::filesystem::path folder_;
  File spikes_, heading_, turns_, states_, population_, stimulations_;
  double next_state_s_ = 0.0;
};

/// Counts of a run, for its summary.
struct RunTotals {
  std::uint64_t spikes = 0, turns = 0, commands = 0, stimuli = 0, late_stimuli = 0, turns_cut = 0;
  double wake_s = 0.0, nrem_s = 0.0, rem_s = 0.0;
  void add(const Block& block, double rate_hz);
  [[nodiscard]] tools::Json json() const;
};

}  // namespace vturn::simulation
