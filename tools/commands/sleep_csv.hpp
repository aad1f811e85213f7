#pragma once

#include <filesystem>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "daemon/sleep/calibration.hpp"

namespace vturn::tools {

/// A features table: `t_s,delta,theta,sigma,alpha,beta,gamma,emg,motion,stage,artefact`, linear power, any of the
/// features; zero or empty = no observation; stage W, N, R or U. Times must rise.
struct SleepTable {
  std::vector<LabelledEpoch> epochs;
  std::string hash;  ///< FNV-1a of the values read, hexadecimal
};

/// Throws CsvError. `stages`: whether the stage column must be there.
SleepTable read_sleep_features(const std::filesystem::path& file, bool stages);
/// Hash of a table that was not read from a file.
std::string sleep_features_hash(std::span<const LabelledEpoch> epochs);
void write_sleep_features(std::ostream& out, std::span<const LabelledEpoch> epochs);

struct Hypnogram {
  std::vector<TruthEpoch> epochs;  ///< at least one
  double epoch_s = 0.0;
};

/// `t_s,stage`: regular epochs, or one row a change of state (then cut into 1-s epochs up to the last row).
Hypnogram read_hypnogram(const std::filesystem::path& file);
/// `t_s,state,p_wake,p_nrem,p_rem`, as exported from a session.
std::vector<SleepDecision> read_decoded_sleep(const std::filesystem::path& file);

}  // namespace vturn::tools
