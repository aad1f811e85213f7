#include "tools/commands/recording_input.hpp"

#include <cmath>
#include <cstdio>

#include "tools/commands/registry.hpp"
#include "tools/lib/csv.hpp"
#include "tools/lib/progress.hpp"
#include "tools/recordings/crossings.hpp"

namespace vturn::tools {
namespace {

ingest::UnitMapSettings units_of(const recordings::RecordingInfo& info, const RecordingOptions& options) {
  ingest::UnitMapSettings units = recordings::default_units(info);
  if (const auto rig = options.rig()) {
    using From = ingest::UnitMapSettings::From;
    units.from = rig->units.from == "sorted_id" ? From::kSortedId : From::kElectrode;
    units.pattern = rig->units.pattern;
    units.first = rig->units.first;
    for (const auto& [name, unit] : rig->units.map) units.map[name] = static_cast<UnitId>(unit);
  }
  if (!options.pattern.empty()) {
    if (options.pattern.find("{}") == std::string::npos) {
      throw UsageError("--pattern " + options.pattern + ": must contain {} where the number stands");
    }
    units.pattern = options.pattern;
    units.map.clear();
  }
  units.first = options.first.value_or(units.first);
  return units;
}

std::vector<double> read_pulses(const std::string& file) {
  CsvReader csv{std::filesystem::path(file)};
  const std::size_t time = csv.column("t_s");
  std::vector<double> pulses;
  while (csv.next()) {
    pulses.push_back(csv.real(time));
    if (std::fabs(pulses.back()) > 1e9) throw csv.error_at(time, "is no time in seconds (over 1e9)");
    if (pulses.size() > 1 && pulses.back() <= pulses[pulses.size() - 2]) throw csv.error_at(time, "time does not rise");
  }
  return pulses;
}

/// "SOURCE/CHANNEL" of a rig file: its own part names the source, which a recording does not know.
std::string without_source(const std::string& name) { return name.substr(name.find('/') + 1); }

/// Spikes that were saved, or with --detect-uv those of the wideband channels.
recordings::UnitSpikes find_spikes(recordings::Recording& recording, const RecordingOptions& options) {
  auto units = units_of(recording.info(), options);
  if (!options.detect_uv) return recordings::spikes_by_unit(recording, units);
  recordings::CrossingSettings settings;
  settings.threshold_uv = *options.detect_uv;
  Progress progress("finding spikes", 1000);
  return recordings::detect_by_unit(recording, units, settings,
                                    [&](double done) { progress.update(static_cast<std::uint64_t>(1000.0 * done)); });
}

}  // namespace

void RecordingOptions::add_to(CLI::App& app) {
  app.add_option("--config", config, "rig file: its [units] and [sleep] say what a recording's channels are")
      ->check(CLI::ExistingFile);
  app.add_flag("--allow-truncated", open.allow_truncated, "of a recording that is cut off, take what is whole");
}

void RecordingOptions::add_units_to(CLI::App& app) {
  app.add_option("--pattern", pattern, "electrode names of a recording, {} for the number (Electrode {}; of RHX A-{})");
  app.add_option("--first", first, "number of unit 0's electrode (1; of RHX 0)");
  app.add_option("--detect-uv", detect_uv,
                 "find spikes in the recording's wideband channels as RHX does, at this threshold (RHX: -70)")
      ->check(CLI::Range(-5000.0, 5000.0));
}

std::optional<settings::Rig> RecordingOptions::rig() const {
  if (config.empty()) return std::nullopt;
  auto rig = settings::load_rig(config);
  if (!rig) throw UsageError(rig.error());
  return std::move(*rig);
}

std::vector<SpikeSample> spikes_of(recordings::Recording& recording, const RecordingOptions& options) {
  auto result = find_spikes(recording, options);
  for (const std::string& warning : recording.info().warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  if (result.artefacts > 0) {
    std::fprintf(stderr, "%llu spikes left out: RHX marked them as artefacts\n",
                 static_cast<unsigned long long>(result.artefacts));
  }
  if (result.unmapped > 0) {
    std::fprintf(stderr, "%llu spikes left out: their electrodes have no unit (one is '%s')\n",
                 static_cast<unsigned long long>(result.unmapped), result.unmapped_electrode.c_str());
  }
  return std::move(result.spikes);
}

SessionNs moved(SessionNs time_ns, const recordings::PulseAlignment& clock) {
  return static_cast<SessionNs>(std::llround(clock(seconds(time_ns)) * 1e9));
}

recordings::PulseAlignment align_heading(std::vector<HeadingSample>& heading, const std::string& pulses_csv, int line,
                                         recordings::Recording& recording) {
  const auto tracker = read_pulses(pulses_csv);
  const auto seen = recordings::pulses_on_line(recording, line);
  const auto aligned = recordings::align_pulses(seen, tracker);
  if (!aligned) throw UsageError(pulses_csv + " with " + recording.info().path + ": " + aligned.error());
  std::fprintf(stderr, "heading moved onto the recording's clock by %zu pulses, worst %.1f ms: t = %.4f s + %.8f t\n",
               aligned->pulses, aligned->largest_error_s * 1e3, aligned->offset_s, aligned->rate);
  for (HeadingSample& sample : heading) {
    sample.time_ns = moved(sample.time_ns, *aligned);
  }
  return *aligned;
}

recordings::FeatureChannels feature_channels(const recordings::FeatureChannels& named,
                                             const RecordingOptions& options) {
  recordings::FeatureChannels channels = named;
  const auto rig = options.rig();
  if (!rig) return channels;
  if (channels.theta.empty()) channels.theta = without_source(rig->sleep.theta);
  if (channels.slow.empty()) channels.slow = without_source(rig->sleep.slow);
  if (channels.emg.empty()) channels.emg = without_source(rig->sleep.emg);
  if (channels.motion.empty()) {
    for (const std::string& axis : rig->sleep.motion) channels.motion.push_back(without_source(axis));
  }
  if (channels.emg_lfp.empty()) {
    for (const std::string& channel : rig->sleep.emg_lfp) channels.emg_lfp.push_back(without_source(channel));
  }
  return channels;
}

}  // namespace vturn::tools
