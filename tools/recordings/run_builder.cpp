#include "tools/recordings/run_builder.hpp"

#include <utility>

namespace vturn::recordings {

void RunBuilder::add(SampleIndex sample, std::uint64_t offset) {
  if (runs_.empty() || sample != runs_.back().first_sample + runs_.back().frames) begin_run(sample, offset);
  ++runs_.back().frames;
  ++frames_;
}

void RunBuilder::begin_run(SampleIndex sample, std::uint64_t offset) {
  check_last_run();
  if (sample > kLargestSample || sample < -kLargestSample) damaged(*source_, offset, sample);
  if (runs_.size() >= 2) {
    const Run& before = runs_[runs_.size() - 2];
    const Run& last = runs_.back();
    if (sample == before.first_sample + (frames_ - before.first_frame)) {
      damaged(*run_source_, run_offset_, last.first_sample);
    }
  }
  if (runs_.size() == kMostRuns) damaged(*source_, offset, sample);
  runs_.push_back({frames_, 0, sample});
  run_source_ = source_;
  run_offset_ = offset;
}

void RunBuilder::check_last_run() const {
  if (!runs_.empty() && runs_.back().frames == 1) damaged(*run_source_, run_offset_, runs_.back().first_sample);
}

void RunBuilder::damaged(const ByteSource& source, std::uint64_t offset, SampleIndex sample) const {
  throw source.error_at(offset, "sample number " + std::to_string(sample) +
                                    " does not fit those around it: the file is damaged, or no recording");
}

std::vector<Run> RunBuilder::finish() {
  if (runs_.size() > 1) check_last_run();
  return std::exchange(runs_, {});
}

}  // namespace vturn::recordings
