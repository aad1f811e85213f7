#include "plugins/open_ephys/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "daemon/core/angle.hpp"
#include "plugins/common/reader_config.hpp"

namespace vturn::plugins {
namespace {

constexpr double kMaxRateHz = 1e6;

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
  static_cast<ingest::ReaderOrigin&>(reader) = origin_of(config);
  reader.feed = feed.feed;
  reader.imu = imu_of(config, feed.feed);
  reader.carries_spikes =
      feed.feed != ingest::GuiFeed::kFalconOutput && reader.imu.from == ingest::ImuSettings::From::kNone;
  reader.stream = config.text("stream", "");
  reader.sample_rate_hz = config.number("sample_rate_hz", 0.0, 0.0, kMaxRateHz);
  reader.speed = config.number("speed", 1.0, 1e-3, 1e3);
  reader.units = units_of(config);
  reader.signals = signals_of(config);
  check_feed(config, reader, settings.heartbeat);
  if (!reader.master) settings.clock = clock_of(config, reader.speed);
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
