#include "plugins/intan_rhx/watch.hpp"

#include <cmath>
#include <utility>

namespace vturn::plugins {
namespace {

constexpr MonoNs kNotUpNs = 10 * kNsPerS;
constexpr MonoNs kSilenceNs = 2 * kNsPerS;
constexpr MonoNs kMuteNs = 5 * kNsPerS;
constexpr double kLagToldS = 1.0;
constexpr double kLagDangerS = 5.0;
constexpr std::size_t kMostLines = 64;

std::string tenths(double seconds) {
  const long tenths = std::lround(seconds * 10.0);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

}  // namespace

bool RhxWatch::Trouble::due(std::uint64_t count, MonoNs now_ns) {
  if (count == told || (told != 0 && now_ns < again_ns)) return false;
  told = count;
  again_ns = now_ns + repeat_ns;
  return true;
}

void RhxWatch::say(bool error, std::string text) {
  if (lines_.size() < kMostLines) lines_.push_back({error, std::move(text)});
}

std::optional<RhxWatch::Line> RhxWatch::next() {
  if (lines_.empty()) return std::nullopt;
  Line line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

void RhxWatch::lag(std::int64_t lag_samples, double sample_rate_hz, MonoNs now_ns) {
  const double lag_s = static_cast<double>(lag_samples) / sample_rate_hz;
  if (lag_s < kLagToldS) {
    lag_reports_ = 0;
    lag_ = {};
    return;
  }
  if (!lag_.due(++lag_reports_, now_ns)) return;
  const bool danger = lag_s > kLagDangerS;
  say(danger, "RHX is " + tenths(lag_s) + " s behind in sending" +
                  (danger ? "; at about 15 s it stops the recording: take channels out of spike_channels and "
                            "[sleep].channels, or lower the sample rate"
                          : ": it streams more channels than this machine can"));
}

void RhxWatch::reader(const ingest::RhxReader& reader, MonoNs now_ns) {
  const auto& counters = reader.counters();
  const std::uint64_t resyncs = reader.waveform_counters().resyncs + reader.spike_counters().resyncs;
  if (resyncs_.due(resyncs, now_ns)) {
    say(false, std::to_string(resyncs) + " times the streams did not go on where they should; " +
                   std::to_string(reader.waveform_counters().bytes_skipped + reader.spike_counters().bytes_skipped) +
                   " bytes skipped");
  }
  if (columns_.due(counters.column_changes, now_ns)) {
    say(true, "RHX sends " + std::to_string(reader.words()) +
                  " columns, not those that vturnd enabled: signals and digital lines are not used until vturnd has "
                  "enabled its own again. Leave the TCP output channels in RHX to vturnd");
  }
  if (unplaced_.due(counters.spikes_unplaced, now_ns)) {
    say(false, std::to_string(counters.spikes_unplaced) +
                   " spikes of no run that frames have come from, or too many that waited for frames: left out");
  }
  if (artefacts_.due(counters.spike_artefacts, now_ns)) {
    say(false, std::to_string(counters.spike_artefacts) + " of " + std::to_string(reader.spike_counters().spikes) +
                   " spikes are artefacts by RHX's word (id 128): left out");
  }
  if (unmapped_.due(counters.spikes_unmapped, now_ns)) {
    say(false, std::to_string(counters.spikes_unmapped) +
                   " spikes of channels without a unit: see [units] and spike_channels");
  }
}

void RhxWatch::data(std::uint64_t bytes, bool running, MonoNs now_ns) {
  if (bytes != bytes_ || !running || bytes_since_ns_ == 0) {
    bytes_ = bytes;
    bytes_since_ns_ = now_ns;
    if (std::exchange(silent_, false)) say(false, running ? "data from RHX again" : "RHX has stopped");
    return;
  }
  if (silent_ || now_ns - bytes_since_ns_ < kSilenceNs) return;
  silent_ = true;
  say(true, "RHX says that it runs, but no waveform data came for 2 s");
}

void RhxWatch::commands(bool up, const std::string& address, MonoNs asked_ns, MonoNs now_ns) {
  if (up) {
    not_up_since_ns_ = 0;
    const bool mute = asked_ns != 0 && now_ns - asked_ns > kMuteNs;
    if (mute && !std::exchange(mute_, true)) say(true, "RHX has not answered for 5 s: is a dialog open in its window?");
    if (!mute && std::exchange(mute_, false)) say(false, "RHX answers again");
    return;
  }
  if (not_up_since_ns_ == 0) next_not_up_ns_ = not_up_since_ns_ = now_ns;
  if (now_ns < next_not_up_ns_) return;
  next_not_up_ns_ = now_ns + kNotUpNs;
  say(false,
      "nobody listens for commands at " + address + ": in RHX, Network > Remote TCP Control > Commands, click Connect");
}

void RhxWatch::pulses(std::uint64_t unconfirmed, std::uint64_t foreign, MonoNs now_ns) {
  if (unconfirmed_.due(unconfirmed, now_ns)) {
    say(true,
        std::to_string(unconfirmed) +
            " pulses were not seen on the controller's outputs: is the stimulus enabled in RHX, is `confirm` right?");
  }
  if (foreign_.due(foreign, now_ns)) {
    say(false, std::to_string(foreign) + " pulses on the outputs that vturnd did not ask for");
  }
}

}  // namespace vturn::plugins
