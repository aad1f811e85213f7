#include "plugins/open_ephys/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "daemon/core/angle.hpp"
#include "plugins/common/config.hpp"

namespace vturn::plugins {
namespace {

constexpr double kMaxRateHz = 1e6;
constexpr std::int64_t kMaxSignals = 1024;

ingest::UnitMapSettings units_of(const Config& config) {
  ingest::UnitMapSettings units;
  const nlohmann::json found = config.value("units");
  if (found.is_null()) return units;
  try {
    const auto from = found.value("from", std::string("electrode"));
    if (from != "electrode" && from != "sorted_id") config.refuse("units.from", from, "electrode or sorted_id");
    if (from == "sorted_id") units.from = ingest::UnitMapSettings::From::kSortedId;
    units.pattern = found.value("pattern", units.pattern);
    units.first = found.value("first", units.first);
    units.map = found.value("map", units.map);
  } catch (const nlohmann::json::exception& problem) {
    config.refuse("units", found.dump(), std::string("from, pattern, first, map: ") + problem.what());
  }
  return units;
}

struct Feed {
  const char* name;
  ingest::GuiFeed feed;
  const char* usual_address;
};
constexpr std::array<Feed, 3> kFeeds{{{"zmq_interface", ingest::GuiFeed::kZmqInterface, "tcp://127.0.0.1:5556"},
                                      {"event_broadcaster", ingest::GuiFeed::kEventBroadcaster, "tcp://127.0.0.1:5557"},
                                      {"falcon", ingest::GuiFeed::kFalconOutput, "tcp://127.0.0.1:3335"}}};

const Feed& feed_of(const Config& config) {
  const std::string name = config.text("feed", kFeeds[0].name);
  const auto found =
      std::find_if(kFeeds.begin(), kFeeds.end(), [&name](const Feed& feed) { return name == feed.name; });
  if (found == kFeeds.end()) config.refuse("feed", "\"" + name + "\"", "zmq_interface, event_broadcaster or falcon");
  return *found;
}

/// A feed without what is asked of it would be silence that nobody explains.
void check_feed(const Config& config, const ingest::OpenEphysReaderSettings& reader, bool heartbeat) {
  if (heartbeat && reader.feed != ingest::GuiFeed::kZmqInterface)
    config.refuse("heartbeat", "true", "false: only the ZMQ Interface takes them");
  if (reader.feed == ingest::GuiFeed::kEventBroadcaster && !reader.signals.empty())
    config.refuse("feed", "\"event_broadcaster\"", "another feed for signals: this one has spikes and TTL lines only");
  for (const ingest::SignalSettings& signal : reader.signals) {
    if (reader.feed == ingest::GuiFeed::kFalconOutput && signal.channel_num < 0)
      config.refuse("signals", "\"" + signal.channel_name + "\"",
                    "\"#N\", N from 0 in the order of the plugin's channels: Falcon sends no channel names");
  }
}

ingest::ImuSettings imu_of(const Config& config, ingest::GuiFeed feed) {
  using From = ingest::ImuSettings::From;
  ingest::ImuSettings imu;
  const std::string from = config.text("heading_from", ""), yaw = config.text("yaw", "");
  if (from.empty()) return imu;
  if (from != "euler" && from != "quaternion")
    config.refuse("heading_from", "\"" + from + "\"", "euler or quaternion, \"\" = no headings in this stream");
  if (feed != ingest::GuiFeed::kZmqInterface)
    config.refuse("heading_from", "\"" + from + "\"", "feed = \"zmq_interface\" with it");
  if (yaw != "clockwise" && yaw != "counterclockwise")
    config.refuse("yaw", "\"" + yaw + "\"",
                  "clockwise or counterclockwise: the turn, seen from above, in which the sensor's yaw grows");
  imu.from = from == "euler" ? From::kEuler : From::kQuaternion;
  imu.clockwise = yaw == "clockwise";
  imu.offset_rad = config.number("offset_deg", 0.0, -360.0, 360.0) * (kPi / 180.0);
  return imu;
}

/// A channel is a name, or "#N" for the N-th of the stream (0-based) where the plugin sends no names.
ingest::SignalSettings signal_of(const Config& config, const nlohmann::json& entry) {
  const bool usable = entry.is_object() && entry.contains("index") && entry["index"].is_number_integer() &&
                      entry.contains("channel") && entry["channel"].is_string();
  if (!usable) config.refuse("signals", entry.dump(), "{\"index\": N, \"channel\": \"NAME\"}");
  const auto index = entry["index"].get<std::int64_t>();
  if (index < 0 || index >= kMaxSignals) config.refuse("signals", entry.dump(), "an index from 0 to 1023");
  ingest::SignalSettings signal;
  signal.signal = static_cast<std::uint16_t>(index);
  signal.channel_name = entry["channel"].get<std::string>();
  if (!signal.channel_name.starts_with('#')) return signal;
  const char* begin = signal.channel_name.data() + 1;
  const char* end = signal.channel_name.data() + signal.channel_name.size();
  const auto [stop, error] = std::from_chars(begin, end, signal.channel_num);
  if (error != std::errc{} || stop != end || signal.channel_num < 0)
    config.refuse("signals", entry.dump(), "\"#N\" with N from 0");
  signal.channel_name.clear();
  return signal;
}

}  // namespace

OpenEphysSettings parse_open_ephys_settings(const char* config_json) {
  const Config config(config_json);
  OpenEphysSettings settings;
  settings.name = config.name();
  const Feed& feed = feed_of(config);
  settings.address = config.text("address", "");
  if (settings.address.empty()) settings.address = feed.usual_address;
  settings.http = config.text("http", "");
  settings.heartbeat = config.flag("heartbeat", false);
  ingest::OpenEphysReaderSettings& reader = settings.reader;
  reader.feed = feed.feed;
  reader.imu = imu_of(config, feed.feed);
  reader.carries_spikes =
      feed.feed != ingest::GuiFeed::kFalconOutput && reader.imu.from == ingest::ImuSettings::From::kNone;
  reader.source = static_cast<SourceIndex>(config.integer("index", 0, 0, kMaxSources - 1));
  reader.master = config.flag("master", true);
  reader.stream = config.text("stream", "");
  reader.sample_rate_hz = config.number("sample_rate_hz", 0.0, 0.0, kMaxRateHz);
  reader.speed = config.number("speed", 1.0, 1e-3, 1e3);
  reader.units = units_of(config);
  for (const auto& entry : config.value("signals")) reader.signals.push_back(signal_of(config, entry));
  check_feed(config, reader, settings.heartbeat);
  reader.carries_motion = !config.value("motion_signals").empty();
  if (reader.master) return settings;
  const auto clock = ingest::parse_source_clock(config.text("clock", "arrival"), reader.speed);
  if (!clock) throw std::runtime_error("\"" + settings.name + "\": " + clock.error());
  settings.clock = *clock;
  return settings;
}

std::string heartbeat_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  int port = 0;
  const char* begin = address.data() + (colon == std::string::npos ? address.size() : colon + 1);
  const auto [end, error] = std::from_chars(begin, address.data() + address.size(), port);
  if (error != std::errc{} || end != address.data() + address.size() || port < 1 || port > 65534)
    throw std::runtime_error("address = \"" + address + "\": the heartbeat needs tcp://HOST:PORT");
  return address.substr(0, colon + 1) + std::to_string(port + 1);
}

}  // namespace vturn::plugins
