#include "tools/recordings/spike_file.hpp"

#include <algorithm>
#include <optional>

#include "tools/lib/interrupt.hpp"

namespace vturn::recordings {
namespace {

constexpr std::uint32_t kAllMagic = 0x18F8474BU;
constexpr std::uint32_t kSingleMagic = 0x18F88C00U;
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kNameBytes = 5;
constexpr std::size_t kTimeAndIdBytes = 5;
/// RHX takes a few milliseconds around a spike.
constexpr std::uint32_t kLongestSnapshot = 30'000;
constexpr std::size_t kLongestName = 4096;
constexpr std::size_t kLongestList = 65536;
constexpr double kHighestRateHz = 1e6;
constexpr float kStepUv = 0.195F;

}  // namespace

SpikeFile::SpikeFile(std::unique_ptr<ByteSource> file, bool allow_truncated) : file_(std::move(file)) {
  FieldReader fields(*file_, "header");
  const auto magic = fields.number<std::uint32_t>();
  if (magic != kAllMagic && magic != kSingleMagic) throw fields.error("does not begin as RHX's spike files do");
  single_ = magic == kSingleMagic;
  const auto version = fields.number<std::uint16_t>();
  if (version != kVersion) {
    throw fields.error("spike file version " + std::to_string(version) + " is unknown (1 is read): damaged or newer");
  }
  fields.c_string(kLongestName);  // of the recording
  split_names(fields.c_string(kLongestList));
  if (channels_.empty()) throw fields.error("the header names no channel: the file is damaged");
  fields.c_string(kLongestList);  // the user's names
  rate_hz_ = static_cast<double>(fields.number<float>());
  if (!(rate_hz_ > 0.0) || rate_hz_ > kHighestRateHz) throw fields.error("the sampling rate is no number of hertz");
  const auto before = fields.number<std::uint32_t>();
  const auto after = fields.number<std::uint32_t>();
  if (before > kLongestSnapshot || after > kLongestSnapshot) {
    throw fields.error("snapshots of " + std::to_string(before) + " and " + std::to_string(after) +
                       " samples: the file is damaged");
  }
  snapshot_samples_ = before + after;
  begin_ = fields.offset();
  const std::uint64_t bytes = file_->size() - begin_;
  records_ = bytes / record_bytes();
  truncated_ = bytes % record_bytes() != 0;
  if (truncated_ && !allow_truncated) {
    throw file_->error_at(end_of_records(), "record " + std::to_string(records_) + " has " +
                                                std::to_string(bytes % record_bytes()) + " of its " +
                                                std::to_string(record_bytes()) +
                                                " bytes: the file is cut off (--allow-truncated reads what is whole)");
  }
}

std::size_t SpikeFile::record_bytes() const noexcept {
  return (single_ ? 0 : kNameBytes) + kTimeAndIdBytes + sizeof(std::uint16_t) * snapshot_samples_;
}

void SpikeFile::split_names(const std::string& list) {
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const bool plain =
        std::all_of(list.begin() + static_cast<std::ptrdiff_t>(begin), list.begin() + static_cast<std::ptrdiff_t>(end),
                    [](char c) { return c > ' ' && c < 0x7F; });
    if (!plain) throw file_->error_at(0, "the header names a channel that is none of RHX's: the file is damaged");
    channels_.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  if (single_ && channels_.size() > 1) channels_.resize(1);
}

std::uint32_t SpikeFile::channel_of(const std::uint8_t* name, std::uint64_t offset) const {
  const std::string_view text(reinterpret_cast<const char*>(name), kNameBytes);
  const auto found = std::find(channels_.begin(), channels_.end(), text);
  if (found == channels_.end()) {
    throw file_->error_at(offset, "the record's channel is none of those in the header: the file is damaged");
  }
  return static_cast<std::uint32_t>(found - channels_.begin());
}

void SpikeFile::read(std::uint32_t first_electrode, std::vector<RecordedSpike>& spikes, SampleIndex earliest,
                     SampleIndex latest) const {
  Window window(*file_);
  std::optional<SampleIndex> last;
  const std::size_t name_bytes = single_ ? 0 : kNameBytes;
  for (std::uint64_t row = 0; row < records_; ++row) {
    if (row % 65536 == 0) tools::throw_if_interrupted();
    const std::uint64_t offset = begin_ + row * record_bytes();
    const std::uint8_t* record = window.at(offset, record_bytes()).data();
    const std::uint32_t electrode = first_electrode + (single_ ? 0 : channel_of(record, offset));
    const auto stored = little<std::uint32_t>(record + name_bytes);
    // 32 bits wrap after 20 hours at 30 kHz.
    const SampleIndex sample = last ? *last + static_cast<std::int32_t>(stored - static_cast<std::uint32_t>(*last))
                                    : SampleIndex{static_cast<std::int32_t>(stored)};
    if (last && sample < *last) {
      throw file_->error_at(offset + name_bytes, "sample number " + std::to_string(sample) + " follows " +
                                                     std::to_string(*last) + ": the file is damaged");
    }
    if (sample < earliest || sample > latest) {
      throw file_->error_at(offset + name_bytes, "sample number " + std::to_string(sample) +
                                                     " lies outside the recording: the file is damaged");
    }
    spikes.push_back({sample, row, electrode, record[name_bytes + sizeof(std::uint32_t)]});
    last = sample;
  }
}

std::vector<float> SpikeFile::snapshot(std::uint64_t row) const {
  std::vector<std::uint8_t> bytes(sizeof(std::uint16_t) * snapshot_samples_);
  file_->read(begin_ + (row + 1) * record_bytes() - bytes.size(), bytes);
  std::vector<float> values(snapshot_samples_);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = kStepUv * (static_cast<float>(little<std::uint16_t>(bytes.data() + 2 * i)) - 32768.0F);
  }
  return values;
}

}  // namespace vturn::recordings
