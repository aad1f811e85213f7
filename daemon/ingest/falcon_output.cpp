#include "daemon/ingest/falcon_output.hpp"

#include <falcon_output_generated.h>

#include <cstring>

namespace vturn::ingest {
namespace {

static_assert(FLATBUFFERS_LITTLEENDIAN, "payloads are handed on as they lie in the buffer");

/// Any table, to see how many fields its writer knew.
struct AnyTable : flatbuffers::Table {
  [[nodiscard]] bool Verify(flatbuffers::Verifier& verifier) const {
    return VerifyTableStart(verifier) && verifier.EndTable();
  }
};

constexpr std::size_t kFields = 9;

/// Fields of the root table, 0 when there is no sound one. Writers leave out those at the end that have their default:
/// of a real block that is none, as the last one of each schema is the sample rate.
std::size_t fields_of(Bytes buffer) noexcept {
  flatbuffers::Verifier verifier(buffer.data(), buffer.size());
  if (!verifier.VerifyBuffer<AnyTable>(nullptr)) return 0;
  const std::uint8_t* vtable = flatbuffers::GetRoot<AnyTable>(buffer.data())->GetVTable();
  const std::size_t bytes = flatbuffers::ReadScalar<flatbuffers::voffset_t>(vtable);
  constexpr std::size_t kVtableHead = 2 * sizeof(flatbuffers::voffset_t);
  return bytes < kVtableHead ? 0 : (bytes - kVtableHead) / sizeof(flatbuffers::voffset_t);
}

template <class T>
Bytes bytes_of(const flatbuffers::Vector<T>& values) noexcept {
  return {values.Data(), values.size() * sizeof(T)};
}

ParseError fill(const falcon::ContinuousData& block, GuiMessage& message) noexcept {
  if (block.samples() == nullptr || block.stream() == nullptr) return ParseError::kMissingField;
  const auto rate_hz = static_cast<double>(block.sample_rate());
  if (block.stream()->size() > kMaxStreamNameBytes || block.n_channels() > kMaxChannels ||
      block.n_samples() > kMaxSamplesPerMessage || block.sample_num() > std::uint64_t{kMaxSampleNumber} ||
      rate_hz < kMinSampleRateHz || rate_hz > kMaxSampleRateHz) {
    return ParseError::kBadField;
  }
  const std::size_t codes = block.event_codes() == nullptr ? 0 : block.event_codes()->size();
  if (block.samples()->size() != std::uint64_t{block.n_channels()} * block.n_samples() ||
      (codes != 0 && codes != block.n_samples())) {
    return ParseError::kPayloadSize;
  }
  message = GuiMessage{};
  message.kind = MessageKind::kData;
  message.message_num = static_cast<std::int64_t>(block.message_id());
  message.stream = {block.stream()->c_str(), block.stream()->size()};
  message.sample_num = static_cast<std::int64_t>(block.sample_num());
  message.sample_rate_hz = rate_hz;
  message.num_channels = block.n_channels();
  message.num_samples = block.n_samples();
  message.samples = bytes_of(*block.samples());
  if (codes != 0) message.event_codes = bytes_of(*block.event_codes());
  return ParseError::kNone;
}

}  // namespace

// Not cleared: memory that no block needs is never touched.
FalconOutputParser::FalconOutputParser()
    : aligned_(std::make_unique_for_overwrite<std::uint64_t[]>(kMaxFalconBytes / sizeof(std::uint64_t))) {}

ParseError FalconOutputParser::parse(Frames frames, GuiMessage& message) noexcept {
  if (frames.size() != 1) return ParseError::kFrameCount;
  Bytes buffer = frames[0];
  if (buffer.size() > kMaxFalconBytes) return ParseError::kTooLong;
  // ZeroMQ hands a message out where it was received; the format's scalars want their alignment.
  if (reinterpret_cast<std::uintptr_t>(buffer.data()) % sizeof(std::uint64_t) != 0) {
    std::memcpy(aligned_.get(), buffer.data(), buffer.size());
    buffer = {reinterpret_cast<const std::uint8_t*>(aligned_.get()), buffer.size()};
  }
  const std::size_t fields = fields_of(buffer);
  if (fields >= 6 && fields < kFields) return ParseError::kTooOld;
  flatbuffers::Verifier verifier(buffer.data(), buffer.size());
  if (fields < kFields || !falcon::VerifyContinuousDataBuffer(verifier)) return ParseError::kFlatBuffer;
  return fill(*falcon::GetContinuousData(buffer.data()), message);
}

std::string_view FalconOutputParser::describe(ParseError error) const noexcept {
  switch (error) {
    case ParseError::kNone:
      return "no error";
    case ParseError::kFrameCount:
      return "a message does not have the one frame of the Falcon Output: is another plugin bound to this port?";
    case ParseError::kTooLong:
      return "a block is longer than 8 MiB";
    case ParseError::kFlatBuffer:
      return "a message is no block of the Falcon Output, or a broken one: is another plugin bound to this port?";
    case ParseError::kTooOld:
      return "the blocks have the schema of an older Falcon Output, whose fields stand in another order: update the "
             "plugin to 0.2.1 or later";
    case ParseError::kMissingField:
      return "a block lacks its samples or its stream's name";
    case ParseError::kBadField:
      return "a field of a block is out of range";
    case ParseError::kPayloadSize:
      return "a block does not hold n_channels x n_samples samples and as many event codes as samples";
    default:
      return "unknown error";
  }
}

}  // namespace vturn::ingest
