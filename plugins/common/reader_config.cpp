#include "plugins/common/reader_config.hpp"

#include <charconv>
#include <stdexcept>

namespace vturn::plugins {
namespace {

constexpr std::int64_t kMaxSignals = 1024;

ingest::SignalSettings signal_of(const Config& config, const nlohmann::json& entry) {
  const bool usable = entry.is_object() && entry.contains("index") && entry["index"].is_number_integer() &&
                      entry.contains("channel") && entry["channel"].is_string();
  if (!usable) config.refuse("signals", entry.dump(), "{\"index\": N, \"channel\": \"NAME\"}");
  const auto index = entry["index"].get<std::int64_t>();
  if (index < 0 || index >= kMaxSignals) config.refuse("signals", entry.dump(), "an index from 0 to 1023");
  ingest::SignalSettings signal;
  signal.signal = static_cast<std::uint16_t>(index);
  signal.channel_name = entry["channel"].get<std::string>();
  if (entry.contains("wide") && entry["wide"] == true) signal.rate_hz = ingest::kWideRateHz;
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

ingest::ReaderOrigin origin_of(const Config& config) {
  ingest::ReaderOrigin origin;
  origin.source = static_cast<SourceIndex>(config.integer("index", 0, 0, kMaxSources - 1));
  origin.master = config.flag("master", true);
  origin.carries_motion = !config.value("motion_signals").empty();
  return origin;
}

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

std::vector<ingest::SignalSettings> signals_of(const Config& config) {
  std::vector<ingest::SignalSettings> signals;
  for (const auto& entry : config.value("signals")) signals.push_back(signal_of(config, entry));
  return signals;
}

ingest::SourceClockSettings clock_of(const Config& config, double speed) {
  const auto clock = ingest::parse_source_clock(config.text("clock", "arrival"), speed);
  if (!clock) throw std::runtime_error("\"" + config.name() + "\": " + clock.error());
  return *clock;
}

}  // namespace vturn::plugins
