#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tools/recordings/byte_source.hpp"
#include "tools/recordings/recording.hpp"

namespace vturn::recordings {

/// RHX's spike.dat (all channels in one file) or spike-NAME.dat (one channel): a header, then records of one length.
class SpikeFile {
 public:
  /// Reads the header. Throws RecordingError on what is none, and on a record that is cut off unless `allow_truncated`.
  SpikeFile(std::unique_ptr<ByteSource> file, bool allow_truncated);

  [[nodiscard]] const ByteSource& source() const noexcept { return *file_; }
  [[nodiscard]] const std::vector<std::string>& channels() const noexcept { return channels_; }
  [[nodiscard]] double rate_hz() const noexcept { return rate_hz_; }
  /// Samples of a record's snapshot, 0 when none were saved.
  [[nodiscard]] std::size_t snapshot_samples() const noexcept { return snapshot_samples_; }
  [[nodiscard]] std::uint64_t records() const noexcept { return records_; }
  [[nodiscard]] bool truncated() const noexcept { return truncated_; }
  [[nodiscard]] std::uint64_t end_of_records() const noexcept { return begin_ + records_ * record_bytes(); }

  /// Appends all records as spikes of electrode `first_electrode` + index in channels(). Throws RecordingError where a
  /// record names a channel that the header does not, goes back in time, or lies outside [earliest, latest].
  void read(std::uint32_t first_electrode, std::vector<RecordedSpike>& spikes, SampleIndex earliest = INT64_MIN,
            SampleIndex latest = INT64_MAX) const;
  /// Microvolts of the high band around the spike of a row.
  [[nodiscard]] std::vector<float> snapshot(std::uint64_t row) const;

 private:
  [[nodiscard]] std::size_t record_bytes() const noexcept;
  void split_names(const std::string& list);
  [[nodiscard]] std::uint32_t channel_of(const std::uint8_t* name, std::uint64_t offset) const;

  std::unique_ptr<ByteSource> file_;
  bool single_ = false;
  bool truncated_ = false;
  std::vector<std::string> channels_;
  double rate_hz_ = 0.0;
  std::size_t snapshot_samples_ = 0;
  std::uint64_t begin_ = 0;
  std::uint64_t records_ = 0;
};

}  // namespace vturn::recordings
