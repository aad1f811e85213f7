#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace vturn::tools {

/// One progress line on stderr: rewritten at most twice a second on a terminal, a line of its own every 5 s elsewhere
/// (so that a log of a long job stays short). stdout is left to results.
class Progress {
 public:
  /// `total` in the unit of update(); 0 when it is not known.
  Progress(std::string label, std::uint64_t total, std::FILE* out = stderr);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::uint64_t done);
  /// Ends the line (also done by the destructor).
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  void print(Clock::time_point now);

  std::string label_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
  std::FILE* out_;
  bool terminal_;
  bool printed_ = false;
  Clock::time_point start_;
  Clock::time_point last_;
};

}  // namespace vturn::tools
