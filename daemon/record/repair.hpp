#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "daemon/record/mcap_reader.hpp"

namespace vturn::record {

struct RepairReport {
  std::uint64_t messages = 0;
  std::uint64_t attachments = 0;
  std::uint64_t damages = 0;
  McapEnding ending = McapEnding::kReading;
  std::vector<std::string> first_damages;  ///< at most kMaxDamageLines, one line each
};
inline constexpr std::size_t kMaxDamageLines = 20;

/// Copies all that can be read of a log into a whole one with indexes, statistics, summary and footer. At every place
/// that could not be read stands the metadata record of an incomplete log with the reason, at the end a record
/// "repaired" that says what was wrong. `progress` gets the bytes read and may throw to stop.
RepairReport repair_log(McapReader& from, std::ostream& to, const std::function<void(std::uint64_t)>& progress);

}  // namespace vturn::record
