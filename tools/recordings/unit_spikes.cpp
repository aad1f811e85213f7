#include "tools/recordings/unit_spikes.hpp"

#include <algorithm>
#include <cmath>

namespace vturn::recordings {
namespace {

constexpr std::uint16_t kArtefactBit = 0x80;

/// Beyond this (31 years) a sample number is damage, and its nanoseconds would overflow before long.
constexpr double kLargestTimeS = 1e9;

double time_s(const RecordingInfo& info, std::size_t timeline, SampleIndex sample) {
  const double time = info.timelines[timeline].time_s(sample);
  if (!(std::fabs(time) < kLargestTimeS)) {
    throw RecordingError(info.path + ": sample number " + std::to_string(sample) + " is no time: it is damaged");
  }
  return time;
}

}  // namespace

void require_forward(const RecordingInfo& info, std::size_t timeline) {
  if (info.timelines[timeline].jumps_back()) {
    throw RecordingError(info.path +
                         ": sample numbers jump back in it, so a time does not say which sample is meant: " +
                         "two recordings were joined; use one of them");
  }
}

ingest::UnitMapSettings default_units(const RecordingInfo& info) {
  ingest::UnitMapSettings units;
  if (info.from_rhx) {
    units.pattern = "A-{}";
    units.first = 0;
  }
  return units;
}

UnitSpikes spikes_by_unit(Recording& recording, const ingest::UnitMapSettings& units) {
  const RecordingInfo& info = recording.info();
  if (info.electrodes.empty()) {
    throw RecordingError(info.path + ": holds no spikes" +
                         (info.from_rhx ? "; RHX saves them (Save Spike Data) with one file per signal type or per "
                                          "channel, never in a traditional file; "
                                        : "; record behind a Spike Detector; ") +
                         "or let them be found in the wideband channels with --detect-uv");
  }
  ingest::ElectrodeTable table(units);
  UnitSpikes result;
  for (const RecordedSpike& spike : recording.spikes()) {
    if (info.from_rhx && (spike.id & kArtefactBit) != 0) {
      ++result.artefacts;
      continue;
    }
    const Electrode& electrode = info.electrodes[spike.electrode];
    const UnitId unit = table.find(electrode.name, spike.id).unit;
    if (unit == kNoUnit) {
      ++result.unmapped;
      result.unmapped_electrode = electrode.name;
      continue;
    }
    require_forward(info, electrode.timeline);
    const double seconds = time_s(info, electrode.timeline, spike.sample);
    result.spikes.push_back({static_cast<SessionNs>(std::llround(seconds * 1e9)), unit});
  }
  if (result.spikes.empty()) {
    throw RecordingError(info.path + ": none of its " + std::to_string(result.unmapped) + " spikes is of a unit" +
                         (result.unmapped > 0 ? " (an electrode is called '" + result.unmapped_electrode +
                                                    "'): give --pattern and --first, or the rig file with --config"
                                              : ""));
  }
  std::stable_sort(result.spikes.begin(), result.spikes.end(),
                   [](const SpikeSample& a, const SpikeSample& b) { return a.time_ns < b.time_ns; });
  return result;
}

std::vector<double> pulses_on_line(Recording& recording, int line) {
  const RecordingInfo& info = recording.info();
  for (std::size_t source = 0; source < info.ttl.size(); ++source) {
    require_forward(info, info.ttl[source].timeline);
    std::vector<double> pulses;
    for (const TtlEdge& edge : recording.ttl_edges(source)) {
      if (edge.line == line && edge.rising) pulses.push_back(time_s(info, info.ttl[source].timeline, edge.sample));
    }
    if (!pulses.empty()) return pulses;
  }
  throw RecordingError(info.path + ": no pulse on line " + std::to_string(line) + " (lines count from 0)");
}

}  // namespace vturn::recordings
