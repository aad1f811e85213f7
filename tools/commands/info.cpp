// vturn info: what a recording holds.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "tools/commands/registry.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/recordings/recording.hpp"

namespace vturn::tools {
namespace {

using recordings::Recording;

struct Options {
  std::string recording;
  recordings::OpenSettings open;
  bool json = false;
};

Json timeline_json(const recordings::Timeline& timeline) {
  Json result{
      {"rate_hz", timeline.rate_hz},         {"first_sample", timeline.first_sample},
      {"frames", timeline.frames()},         {"duration_s", static_cast<double>(timeline.frames()) / timeline.rate_hz},
      {"runs", timeline.runs.size()},        {"missing_samples", timeline.missing()},
      {"jumps_back", timeline.jumps_back()}, {"gaps", Json::array()}};
  constexpr std::size_t kShown = 100;
  for (std::size_t i = 1; i < timeline.runs.size() && i <= kShown; ++i) {
    const recordings::Run& before = timeline.runs[i - 1];
    result["gaps"].push_back({{"at_frame", timeline.runs[i].first_frame},
                              {"after_sample", before.first_sample + before.frames - 1},
                              {"next_sample", timeline.runs[i].first_sample}});
  }
  return result;
}

Json stream_json(const recordings::Stream& stream) {
  Json channels = Json::array();
  for (const recordings::Channel& channel : stream.channels) {
    channels.push_back({{"name", channel.name},
                        {"custom_name", channel.custom_name},
                        {"kind", recordings::channel_kind_name(channel.kind)},
                        {"unit", channel.unit}});
  }
  return {{"name", stream.name},
          {"timeline", stream.timeline},
          {"rate_hz", stream.rate_hz},
          {"frames", stream.frames},
          {"channels", channels}};
}

Json electrodes_json(Recording& recording) {
  const auto& electrodes = recording.info().electrodes;
  std::vector<std::uint64_t> spikes(electrodes.size());
  for (const recordings::RecordedSpike& spike : recording.spikes()) ++spikes[spike.electrode];
  Json list = Json::array();
  for (std::size_t i = 0; i < electrodes.size(); ++i) {
    list.push_back({{"name", electrodes[i].name},
                    {"timeline", electrodes[i].timeline},
                    {"waveform_channels", electrodes[i].waveform_channels},
                    {"waveform_samples", electrodes[i].waveform_samples},
                    {"spikes", spikes[i]}});
  }
  return list;
}

Json ttl_json(Recording& recording) {
  Json list = Json::array();
  for (std::size_t i = 0; i < recording.info().ttl.size(); ++i) {
    std::map<int, std::uint64_t> rising;
    const auto edges = recording.ttl_edges(i);
    for (const recordings::TtlEdge& edge : edges) rising[edge.line] += edge.rising ? 1 : 0;
    Json lines = Json::array();
    for (const auto& [line, count] : rising) lines.push_back({{"line", line}, {"rising_edges", count}});
    const recordings::TtlSource& source = recording.info().ttl[i];
    list.push_back({{"name", source.name}, {"timeline", source.timeline}, {"edges", edges.size()}, {"lines", lines}});
  }
  return list;
}

Json describe(Recording& recording) {
  const recordings::RecordingInfo& info = recording.info();
  Json result{{"path", info.path}, {"format", info.format}, {"version", info.version}};
  result["timelines"] = Json::array();
  for (const auto& timeline : info.timelines) result["timelines"].push_back(timeline_json(timeline));
  result["streams"] = Json::array();
  for (const auto& stream : info.streams) result["streams"].push_back(stream_json(stream));
  result["electrodes"] = electrodes_json(recording);
  result["ttl"] = ttl_json(recording);
  result["notes"] = info.notes;
  result["warnings"] = info.warnings;
  return result;
}

std::string kinds_of(const recordings::Stream& stream) {
  std::map<std::string_view, std::size_t> counts;
  for (const auto& channel : stream.channels) ++counts[recordings::channel_kind_name(channel.kind)];
  std::string text;
  for (const auto& [kind, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(kind);
  }
  return text.empty() ? "no channels" : text;
}

void print_text(const recordings::RecordingInfo& info, const Json& facts) {
  std::printf("%s\n%s, version %s\n", info.path.c_str(), info.format.c_str(), info.version.c_str());
  for (const auto& stream : info.streams) {
    std::printf("  %-28s %9.1f Hz %10lld frames %9.3f s   %s\n", stream.name.c_str(), stream.rate_hz,
                static_cast<long long>(stream.frames), static_cast<double>(stream.frames) / stream.rate_hz,
                kinds_of(stream).c_str());
  }
  for (const auto& timeline : info.timelines) {
    if (timeline.runs.size() < 2) continue;
    std::printf("  %zu gaps or jumps, %lld samples missing%s\n", timeline.runs.size() - 1,
                static_cast<long long>(timeline.missing()), timeline.jumps_back() ? ", sample numbers jump back" : "");
  }
  std::uint64_t spikes = 0;
  for (const Json& electrode : facts["electrodes"]) spikes += electrode["spikes"].get<std::uint64_t>();
  if (!info.electrodes.empty()) {
    std::printf("  %llu spikes on %zu electrodes\n", static_cast<unsigned long long>(spikes), info.electrodes.size());
  }
  for (const Json& source : facts["ttl"]) {
    std::printf("  %s: %llu edges\n", source["name"].get<std::string>().c_str(),
                static_cast<unsigned long long>(source["edges"].get<std::uint64_t>()));
  }
  for (const std::string& note : info.notes) std::printf("  note: %s\n", note.c_str());
  for (const std::string& warning : info.warnings) std::printf("  warning: %s\n", warning.c_str());
}

int run(const Options& options) {
  const InterruptScope interrupt;
  const auto recording = recordings::open_recording(options.recording, options.open);
  const Json facts = describe(*recording);
  if (options.json) {
    print_json(facts);
  } else {
    print_text(recording->info(), facts);
  }
  return 0;
}

const Registration registration{{"", "info",
                                 "tell what a recording holds: Intan .rhd, .rhs or folder, Open Ephys Binary",
                                 [](CLI::App& app) -> Run {
                                   auto options = std::make_shared<Options>();
                                   app.add_option("recording", options->recording, "file or folder")->required();
                                   app.add_flag("--allow-truncated", options->open.allow_truncated,
                                                "of files that are cut off, take what is whole");
                                   app.add_flag("--json", options->json, "all of it as one JSON object on stdout");
                                   return [options] { return run(*options); };
                                 }}};

}  // namespace
}  // namespace vturn::tools
