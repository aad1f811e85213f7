#pragma once

#include <netinet/in.h>

#include <map>
#include <string>
#include <vector>

#include "daemon/ingest/rhx_reader.hpp"
#include "daemon/ingest/source_clock.hpp"

namespace vturn::plugins {

/// Whose run it is: the user's, who starts it in RHX, or one that vturnd starts when RHX stands still.
enum class RhxRun : std::uint8_t { kJoin, kRun, kRecord };

struct RhxSettings {
  std::string name;
  std::string address;  ///< of the command port, as written
  sockaddr_in commands{};
  std::vector<std::string> spike_channels;      ///< native names, e.g. A-000
  std::vector<std::string> waveform_channels;   ///< likewise: their wide band is streamed beside the signals
  double threshold_uv = 0;                      ///< of all of them; 0 = as set in RHX
  std::map<std::string, double> thresholds_uv;  ///< of single ones, by native name
  RhxRun run = RhxRun::kJoin;
  bool digital_in = true;
  bool keep_sockets = true;
  bool live_notes = true;
  /// Without what only RHX can tell: controller, sample rate, columns.
  ingest::RhxReaderSettings reader;
  ingest::SourceClockSettings clock;  ///< unused by the master
};

/// Throws std::runtime_error with one line.
RhxSettings parse_rhx_settings(const char* config_json);

/// "A-000", "A-000..A-031" -> native names in order. Throws std::invalid_argument.
std::vector<std::string> expand_rhx_channels(const std::vector<std::string>& texts);

}  // namespace vturn::plugins
