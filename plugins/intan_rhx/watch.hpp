#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "daemon/core/types.hpp"
#include "daemon/ingest/rhx_reader.hpp"

namespace vturn::plugins {

/// Watches what arrives and how late, and says in one line each what a user should know. Nothing is said twice within
/// ten seconds.
class RhxWatch {
 public:
  struct Line {
    bool error = false;
    std::string text;
  };

  /// RHX is `lag_samples` ahead of what has come (its reply to `get CurrentTimestamp`). RHX keeps lag back and stops
  /// the run after some 15 s of it.
  void lag(std::int64_t lag_samples, double sample_rate_hz, MonoNs now_ns);
  void reader(const ingest::RhxReader& reader, MonoNs now_ns);
  void data(std::uint64_t bytes, bool running, MonoNs now_ns);
  /// The command port: connected or not, and since when an answer is awaited (0 = none).
  void commands(bool up, const std::string& address, MonoNs asked_ns, MonoNs now_ns);
  void pulses(std::uint64_t unconfirmed, std::uint64_t foreign, MonoNs now_ns);
  std::optional<Line> next();

 private:
  struct Trouble {
    std::uint64_t told = 0;
    MonoNs again_ns = 0;
    MonoNs repeat_ns = 10 * kNsPerS;
    bool due(std::uint64_t count, MonoNs now_ns);
  };
  void say(bool error, std::string text);

  std::deque<Line> lines_;
  Trouble lag_, resyncs_, columns_, unplaced_, unmapped_, without_, unconfirmed_, foreign_;
  Trouble artefacts_{0, 0, 600 * kNsPerS};  ///< of which every night has some
  std::uint64_t lag_reports_ = 0;
  std::uint64_t bytes_ = 0;
  MonoNs bytes_since_ns_ = 0, not_up_since_ns_ = 0, next_not_up_ns_ = 0;
  bool silent_ = false, mute_ = false;
};

}  // namespace vturn::plugins
