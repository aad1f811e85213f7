#include "plugins/open_ephys/diagnosis.hpp"

namespace vturn::plugins {
namespace {

constexpr MonoNs kRepeatNs = 10 * kNsPerS;
constexpr MonoNs kSilenceNs = 5 * kNsPerS;

std::string wanted_plugin(ingest::GuiFeed feed) {
  if (feed == ingest::GuiFeed::kFalconOutput) return "a Falcon Output";
  return std::string(feed == ingest::GuiFeed::kZmqInterface ? "a ZMQ Interface" : "an Event Broadcaster") +
         " behind the Spike Detector";
}

}  // namespace

bool Diagnosis::Trouble::due(std::uint64_t count, MonoNs now_ns) {
  if (count == told || (told != 0 && now_ns < again_ns)) return false;
  told = count;
  again_ns = now_ns + kRepeatNs;
  return true;
}

std::string Diagnosis::silence(std::uint64_t received, MonoNs now_ns) {
  if (received != received_ || quiet_since_ns_ == 0) {
    received_ = received;
    quiet_since_ns_ = now_ns;
    const bool was_told = silence_told_;
    silence_told_ = false;
    return was_told ? "data from " + address_ + " again" : "";
  }
  if (silence_told_ || now_ns - quiet_since_ns_ < kSilenceNs) return "";
  silence_told_ = true;
  return "no data from " + address_ + " for 5 s: check that the GUI acquires, that " + wanted_plugin(feed_) +
         " stands in its signal chain, and its port";
}

std::string Diagnosis::next(const ingest::OpenEphysCounters& counters, std::string_view last_error,
                            const std::string& followed_stream, const std::string& other_stream, MonoNs now_ns) {
  if (malformed_.due(counters.malformed, now_ns))
    return std::to_string(counters.malformed) + " messages refused, the last: " + std::string(last_error);
  if (other_stream_.due(counters.other_stream, now_ns))
    return std::to_string(counters.other_stream) + " messages of other streams than \"" + followed_stream +
           "\" (the last of \"" + other_stream +
           "\"): set `stream` in the rig file, or restart vturnd when the GUI's streams have changed";
  if (other_detector_.due(counters.other_detector, now_ns))
    return std::to_string(counters.other_detector) +
           " spikes of a second Spike Detector, whose electrodes have the same numbers, get no unit: set the Event "
           "Broadcaster to JSON, which sends their names, or keep one detector before it";
  if (misplaced_.due(counters.ttl_misplaced, now_ns))
    return std::to_string(counters.ttl_misplaced) +
           " TTL edges left out, whose sample numbers are another stream's: Network Events stamps its TTL with the "
           "GUI's first stream; follow that one, or wire the line to the board";
  if (without_rate_.due(counters.without_rate, now_ns))
    return std::to_string(counters.without_rate) +
           " messages unused, their sample rate is unknown: set `sample_rate_hz` in the rig file";
  return silence(counters.received, now_ns);
}

}  // namespace vturn::plugins
