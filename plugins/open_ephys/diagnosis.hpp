#pragma once

#include <string>
#include <string_view>

#include "daemon/ingest/open_ephys_reader.hpp"

namespace vturn::plugins {

/// Turns a reader's counters into log lines for the person at the rig: each trouble once, and again when it goes on.
/// Pure: the caller has the clock and the log.
class Diagnosis {
 public:
  Diagnosis(std::string address, ingest::GuiFeed feed) : address_(std::move(address)), feed_(feed) {}

  /// The next line to log, or "" (call again until it is). `other_stream`: the last one seen that is not followed.
  std::string next(const ingest::OpenEphysCounters& counters, std::string_view last_error,
                   const std::string& followed_stream, const std::string& other_stream, MonoNs now_ns);

 private:
  /// Tells of a growing count at first and then at most every ten seconds.
  struct Trouble {
    std::uint64_t told = 0;
    MonoNs again_ns = 0;
    bool due(std::uint64_t count, MonoNs now_ns);
  };
  std::string silence(std::uint64_t received, MonoNs now_ns);

  std::string address_;
  ingest::GuiFeed feed_;
  Trouble malformed_, other_stream_, other_detector_, without_rate_, misplaced_;
  std::uint64_t received_ = 0;
  MonoNs quiet_since_ns_ = 0;
  bool silence_told_ = false;
};

}  // namespace vturn::plugins
