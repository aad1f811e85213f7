#pragma once

#include <string>

#include "daemon/ingest/open_ephys_reader.hpp"
#include "daemon/ingest/source_clock.hpp"

namespace vturn::plugins {

struct OpenEphysSettings {
  std::string name;
  std::string address;  ///< of the plugin's data socket
  std::string http;     ///< of the GUI's HTTP server, "" = do not ask
  bool heartbeat = false;
  ingest::OpenEphysReaderSettings reader;
  ingest::SourceClockSettings clock;  ///< unused by the master
};

/// Throws std::runtime_error with one line.
OpenEphysSettings parse_open_ephys_settings(const char* config_json);

/// The listening socket beside a data address: same host, next port. Throws as above.
std::string heartbeat_address(const std::string& address);

}  // namespace vturn::plugins
