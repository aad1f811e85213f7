#include "plugins/tracking/tracking_settings.hpp"

#include <stdexcept>

#include "daemon/core/angle.hpp"
#include "plugins/common/config.hpp"
#include "plugins/common/datagram.hpp"

namespace vturn::plugins {
namespace {

using Content = ingest::OscHeadingSettings::Content;

ingest::ImageY image_y_of(const Config& config) {
  const auto image_y = ingest::parse_image_y(config.text("image_y", "down"));
  if (!image_y) throw std::runtime_error("\"" + config.name() + "\": " + image_y.error());
  return *image_y;
}

ingest::TrackerGeometry geometry_of(const Config& config) {
  return {image_y_of(config), config.number("offset_deg", 0.0, -360.0, 360.0) * (kPi / 180.0),
          config.number("min_distance", 0.0, 0.0, 1e6)};
}

ingest::SourceClockSettings clock_of(const Config& config, double speed) {
  const std::string clock = config.text("clock", "arrival");
  if (clock != "arrival")
    config.refuse("clock", "\"" + clock + "\"", "\"arrival\": a tracker has no samples or TTL lines");
  ingest::SourceClockSettings settings;
  settings.speed = speed;
  return settings;
}

Content content_of(const Config& config) {
  const std::string content = config.text("osc_content", "heading_rad");
  if (content == "heading_rad") return Content::kHeadingRad;
  if (content == "heading_deg") return Content::kHeadingDeg;
  if (content == "points") return Content::kPoints;
  config.refuse("osc_content", "\"" + content + "\"", "heading_rad, heading_deg or points");
}

std::string address_of(const Config& config, const char* key, const char* missing) {
  std::string address = config.text(key, missing);
  if (!address.empty() && !address.starts_with('/')) config.refuse(key, "\"" + address + "\"", "an OSC address, /NAME");
  return address;
}

std::optional<ingest::OscHeadingSettings> osc_of(const Config& config, double speed) {
  const std::string format = config.text("format", "json");
  if (format != "json" && format != "osc") config.refuse("format", "\"" + format + "\"", "json or osc");
  if (format == "json") return std::nullopt;
  ingest::OscHeadingSettings osc;
  osc.content = content_of(config);
  osc.address = address_of(config, "osc_address", "/heading");
  osc.back_address = address_of(config, "osc_back_address", "");
  osc.speed = speed;
  if (osc.address.empty()) config.refuse("osc_address", "\"\"", "an OSC address, /NAME");
  if (!osc.back_address.empty() && osc.content != Content::kPoints)
    config.refuse("osc_back_address", "\"" + osc.back_address + "\"", "osc_content = \"points\" with it");
  if (osc.back_address == osc.address) config.refuse("osc_back_address", "\"" + osc.address + "\"", "another address");
  return osc;
}

}  // namespace

TrackingSettings parse_tracking_settings(const char* config_json) {
  const Config config(config_json);
  TrackingSettings settings;
  settings.listen = config.text("listen", "127.0.0.1:5700");
  const auto endpoint = parse_endpoint(settings.listen);
  if (!endpoint) throw std::runtime_error("\"" + config.name() + "\": listen = " + endpoint.error());
  settings.endpoint = *endpoint;
  settings.index = static_cast<SourceIndex>(config.integer("index", 0, 0, kMaxSources - 1));
  settings.speed = config.number("speed", 1.0, 1e-3, 1e3);
  settings.geometry = geometry_of(config);
  settings.osc = osc_of(config, settings.speed);
  settings.clock = clock_of(config, settings.speed);
  return settings;
}

}  // namespace vturn::plugins
