#pragma once

#include <vturn/v1/session_log.pb.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/record/mcap_reader.hpp"
#include "tools/lib/atomic_file.hpp"
#include "tools/lib/csv.hpp"

namespace vturn::tools {

struct ExportReport {
  std::map<std::string, std::uint64_t> rows;  ///< by file name
  std::uint64_t unmapped_spikes = 0;          ///< of electrodes without a unit: left out of spikes.csv
  std::uint64_t undecodable = 0;              ///< messages of a known topic that protobuf refused
  std::uint64_t gaps = 0;                     ///< places where the log is marked incomplete
  std::vector<std::string> warnings;          ///< one line each, the first kMaxWarnings
  bool whole = false;                         ///< the log has its footer, no damage and no gap
  static constexpr std::size_t kMaxWarnings = 20;
};

struct ExportOptions {
  std::filesystem::path directory;  ///< made when it is not there
  bool unblind = false;             ///< puts the sealed arms of a blinded session into triggers.csv
};

/// Writes what a session log holds as CSV files with units in the column names. All files appear at the end, whole, or
/// not at all. `progress` gets the bytes read and may throw to stop.
ExportReport export_csv(record::McapReader& log, const ExportOptions& options,
                        const std::function<void(std::uint64_t)>& progress);

}  // namespace vturn::tools
