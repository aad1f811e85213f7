#pragma once

#include <netinet/in.h>

#include <optional>
#include <string>

#include "daemon/ingest/heading_osc.hpp"
#include "daemon/ingest/source_clock.hpp"

namespace vturn::plugins {

struct TrackingSettings {
  std::string listen;  ///< as the rig file says it
  sockaddr_in endpoint{};
  SourceIndex index = 0;
  double speed = 1.0;
  ingest::TrackerGeometry geometry;
  std::optional<ingest::OscHeadingSettings> osc;  ///< empty: JSON or plain numbers
  ingest::SourceClockSettings clock;
};

/// Throws std::runtime_error with one line.
TrackingSettings parse_tracking_settings(const char* config_json);

}  // namespace vturn::plugins
