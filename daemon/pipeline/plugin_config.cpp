#include "daemon/pipeline/plugin_config.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace vturn {
namespace {

using nlohmann::json;
using settings::Rig;

/// Signals of [sleep].channels that this source delivers, with the index under which the engine knows them.
json signals_of(const Rig& rig, const std::string& source) {
  json list = json::array();
  const auto signals = rig.signals();
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const std::size_t slash = signals[i].find('/');
    if (signals[i].substr(0, slash) == source)
      list.push_back({{"index", i}, {"channel", signals[i].substr(slash + 1)}, {"wide", rig.wide(signals[i])}});
  }
  return list;
}

json motion_signals_of(const Rig& rig, const json& signals) {
  json list = json::array();
  const auto all = rig.signals();
  for (const auto& signal : signals) {
    const std::string& name = all[signal["index"].get<std::size_t>()];
    const auto& motion = rig.sleep.motion;
    const bool is_motion = name == rig.sleep.emg || std::find(motion.begin(), motion.end(), name) != motion.end();
    if (is_motion) list.push_back(signal["index"]);
  }
  return list;
}

}  // namespace

std::string source_config_json(const Rig& rig, SourceIndex index) {
  const settings::Source& source = rig.sources[index];
  json config = {
      {"name", source.name},
      {"index", index},
      {"type", source.type},
      {"master", source.is_master()},
      {"clock", source.clock},
      {"address", source.address},
      {"feed", source.feed},
      {"http", source.http},
      {"heartbeat", source.heartbeat},
      {"stream", source.stream},
      {"listen", source.listen},
      {"format", source.tracker.format},
      {"osc_address", source.tracker.osc_address},
      {"osc_back_address", source.tracker.osc_back_address},
      {"osc_content", source.tracker.osc_content},
      {"offset_deg", source.tracker.offset_deg},
      {"min_distance", source.tracker.min_distance},
      {"heading_from", source.tracker.heading_from},
      {"yaw", source.tracker.yaw},
      {"sample_rate_hz", source.sample_rate_hz},
      {"order", source.order},
      {"speed", source.speed},
      {"image_y", rig.heading.image_y},
      {"units",
       {{"from", rig.units.from}, {"pattern", rig.units.pattern}, {"first", rig.units.first}, {"map", rig.units.map}}}};
  const settings::Rhx& rhx = source.rhx;
  config["spike_channels"] = rhx.spike_channels;
  config["waveform_channels"] = rhx.waveform_channels;
  config["threshold_uv"] = rhx.threshold_uv;
  config["thresholds_uv"] = rhx.thresholds_uv;
  config["run"] = rhx.run;
  config["digital_in"] = rhx.digital_in;
  config["keep_sockets"] = rhx.keep_sockets;
  config["live_notes"] = rhx.live_notes;
  config["signals"] = signals_of(rig, source.name);
  config["motion_signals"] = motion_signals_of(rig, config["signals"]);
  return config.dump();
}

std::string output_config_json(const Rig& rig, std::size_t index) {
  const settings::Output& output = rig.outputs[index];
  return json{{"name", output.name},
              {"index", index},
              {"type", output.type},
              {"pulse_ms", output.pulse_ms},
              {"address", output.address},
              {"allow_remote", output.allow_remote},
              {"file", output.file.empty() ? "" : rig.resolve(output.file)},
              {"source", output.source},
              {"key", output.key},
              {"channel", output.channel},
              {"confirm", output.confirm}}
      .dump();
}

}  // namespace vturn
