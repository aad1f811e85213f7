#include "plugins/intan_rhx/settings.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <set>
#include <stdexcept>

#include "plugins/common/config.hpp"
#include "plugins/common/datagram.hpp"
#include "plugins/common/reader_config.hpp"

namespace vturn::plugins {
namespace {

using ingest::RhxController;
using ingest::RhxSignal;

constexpr std::array kControllers{RhxController::kRecordUsb3, RhxController::kStimRecord, RhxController::kRecordUsb2};
constexpr double kMostMicrovolts = 5000.0;

/// As one of the controllers names it; which one it is RHX tells later.
ingest::RhxChannel any_channel(const std::string& text) {
  std::string refusal;
  for (const RhxController controller : kControllers) {
    const auto channel = ingest::parse_rhx_channel(text, controller);
    if (channel) return *channel;
    if (refusal.empty()) refusal = channel.error();
  }
  throw std::invalid_argument(refusal);
}

ingest::RhxChannel amplifier(const std::string& text) {
  const ingest::RhxChannel channel = any_channel(text);
  if (channel.signal != RhxSignal::kWide || text.find('|') != std::string::npos) {
    throw std::invalid_argument("\"" + text + "\": expected an amplifier channel such as A-004");
  }
  return channel;
}

std::vector<std::string> texts_of(const Config& config, const char* key) {
  std::vector<std::string> texts;
  for (const auto& entry : config.value(key)) {
    if (!entry.is_string()) config.refuse(key, entry.dump(), "channel names in quotes");
    texts.push_back(entry.get<std::string>());
  }
  return texts;
}

std::vector<std::string> channels_of(const Config& config, const char* key) {
  try {
    return expand_rhx_channels(texts_of(config, key));
  } catch (const std::invalid_argument& problem) {
    config.refuse(key, problem.what(), "names such as \"A-004\" or ranges such as \"A-000..A-031\"");
  }
}

/// RHX takes whole microvolts. What would become 0 was meant in millivolts, and would make every sample a spike.
double threshold_of(const Config& config, const char* key, const nlohmann::json& value) {
  const double threshold = value.is_number() ? value.get<double>() : kMostMicrovolts + 1.0;
  const bool usable = std::abs(threshold) <= kMostMicrovolts && (threshold == 0.0 || std::lround(threshold) != 0);
  if (!usable) config.refuse(key, value.dump(), "whole microvolts from -5000 to 5000, 0 for what is set in RHX");
  return threshold;
}

void read_thresholds(const Config& config, RhxSettings& settings) {
  if (const auto value = config.value("threshold_uv"); !value.is_null())
    settings.threshold_uv = threshold_of(config, "threshold_uv", value);
  const nlohmann::json thresholds = config.value("thresholds_uv");
  for (const auto& [channel, value] : thresholds.items()) {
    std::string name = channel;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
    const auto& all = settings.spike_channels;
    if (std::find(all.begin(), all.end(), name) == all.end())
      config.refuse("thresholds_uv", "\"" + channel + "\"", "channels of spike_channels");
    settings.thresholds_uv[name] = threshold_of(config, ("thresholds_uv." + channel).c_str(), value);
  }
}

RhxRun run_of(const Config& config) {
  const std::string run = config.text("run", "join");
  if (run == "join") return RhxRun::kJoin;
  if (run == "run") return RhxRun::kRun;
  if (run == "record") return RhxRun::kRecord;
  config.refuse("run", "\"" + run + "\"", "join, run or record");
}

/// Without a pattern or a map of one's own, unit k is the k-th spike channel.
void number_units(RhxSettings& settings) {
  auto& units = settings.reader.units;
  const bool own = !units.map.empty() || units.pattern != ingest::UnitMapSettings{}.pattern;
  if (own) return;
  for (std::size_t i = 0; i < settings.spike_channels.size(); ++i) {
    units.map[settings.spike_channels[i]] = static_cast<UnitId>(i);
  }
}

void check_signals(const Config& config, const RhxSettings& settings) {
  for (const ingest::SignalSettings& signal : settings.reader.signals) {
    try {
      const auto channel = any_channel(signal.channel_name);
      if (!ingest::rhx_is_voltage(channel.signal)) throw std::invalid_argument("it is no voltage");
    } catch (const std::invalid_argument& problem) {
      const bool named = !signal.channel_name.empty();
      const std::string text = named ? signal.channel_name : "#" + std::to_string(signal.channel_num);
      config.refuse("signals", "\"" + text + "\" (" + (named ? problem.what() : "RHX names its channels") + ")",
                    "a voltage such as A-010, A-010|LOW, A-AUX1 or ANALOG-IN-1");
    }
  }
}

}  // namespace

std::vector<std::string> expand_rhx_channels(const std::vector<std::string>& texts) {
  std::vector<std::string> names;
  std::set<ingest::RhxChannel> seen;
  for (const std::string& text : texts) {
    const std::size_t dots = text.find("..");
    ingest::RhxChannel first = amplifier(text.substr(0, dots));
    const ingest::RhxChannel last = dots == std::string::npos ? first : amplifier(text.substr(dots + 2));
    if (last < first || last.port != first.port) throw std::invalid_argument("\"" + text + "\": not a range");
    for (; !(last < first); ++first.number) {
      if (!seen.insert(first).second) throw std::invalid_argument("\"" + text + "\": names a channel again");
      names.push_back(ingest::rhx_native_name(first, RhxController::kRecordUsb3));
    }
  }
  return names;
}

RhxSettings parse_rhx_settings(const char* config_json) {
  const Config config(config_json);
  RhxSettings settings;
  settings.name = config.name();
  settings.address = config.text("address", "");
  if (settings.address.empty()) settings.address = "127.0.0.1:5000";
  const auto commands = parse_endpoint(settings.address);
  if (!commands) config.refuse("address", commands.error(), "RHX's command port, such as 127.0.0.1:5000");
  settings.commands = *commands;
  ingest::RhxReaderSettings& reader = settings.reader;
  static_cast<ingest::ReaderOrigin&>(reader) = origin_of(config);
  reader.speed = config.number("speed", 1.0, 1e-3, 1e3);
  reader.units = units_of(config);
  if (reader.units.from == ingest::UnitMapSettings::From::kSortedId)
    config.refuse("units.from", "\"sorted_id\"", "\"electrode\": RHX sends threshold crossings, not sorted units");
  reader.signals = signals_of(config);
  settings.spike_channels = channels_of(config, "spike_channels");
  settings.waveform_channels = channels_of(config, "waveform_channels");
  read_thresholds(config, settings);
  reader.carries_spikes = !settings.spike_channels.empty();
  number_units(settings);
  check_signals(config, settings);
  settings.run = run_of(config);
  settings.digital_in = config.flag("digital_in", true);
  settings.keep_sockets = config.flag("keep_sockets", true);
  settings.live_notes = config.flag("live_notes", true);
  if (reader.master) return settings;
  settings.clock = clock_of(config, reader.speed);
  return settings;
}

}  // namespace vturn::plugins
