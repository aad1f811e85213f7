#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tools/recordings/recording.hpp"

namespace vturn::recordings {

/// Puts a file's sample numbers together into runs. Gaps and jumps are facts about a recording; a number that stands
/// alone, or numbers after which the count goes on as if they were not there, are damage: an error at their byte.
class RunBuilder {
 public:
  /// Errors name `source`.
  explicit RunBuilder(const ByteSource& source) : source_(&source) {}

  /// The next frame's number, stored at byte `offset`.
  void add(SampleIndex sample, std::uint64_t offset);
  /// Frames come from another file from now on.
  void source(const ByteSource& source) noexcept { source_ = &source; }
  /// Ends the last run.
  std::vector<Run> finish();

 private:
  static constexpr std::size_t kMostRuns = 1'000'000;
  /// What a double still tells from its neighbours: ten thousand years at 30 kHz.
  static constexpr SampleIndex kLargestSample = SampleIndex{1} << 53;

  void begin_run(SampleIndex sample, std::uint64_t offset);
  void check_last_run() const;
  [[noreturn]] void damaged(const ByteSource& source, std::uint64_t offset, SampleIndex sample) const;

  const ByteSource* source_;
  const ByteSource* run_source_ = nullptr;  ///< where the last run begins
  std::uint64_t run_offset_ = 0;
  std::vector<Run> runs_;
  std::int64_t frames_ = 0;
};

}  // namespace vturn::recordings
