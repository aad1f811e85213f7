// Any bytes as one block of the Falcon Output, at any alignment. What is accepted is read to its last byte, and its TTL
// edges have to change the line that they name.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "daemon/ingest/event_codes.hpp"
#include "daemon/ingest/falcon_output.hpp"

using namespace vturn::ingest;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_accepted(const GuiMessage& message) {
  require(message.stream.size() <= kMaxStreamNameBytes && message.sample_num <= kMaxSampleNumber);
  require(message.num_channels <= kMaxChannels && message.num_samples <= kMaxSamplesPerMessage);
  require(message.sample_rate_hz >= kMinSampleRateHz && message.sample_rate_hz <= kMaxSampleRateHz);
  const auto values = static_cast<std::size_t>(message.num_channels * message.num_samples);
  require(message.samples.size() == values * 4);
  require(message.event_codes.empty() ||
          message.event_codes.size() == static_cast<std::size_t>(message.num_samples) * 2);
  float sum = 0;
  for (std::size_t i = 0; i < values; ++i) sum += sample_at(message.samples, i);
  for (const char letter : message.stream) sum += letter;
  volatile float kept = sum;
  static_cast<void>(kept);
}

void check_edges(Bytes codes) {
  EventCodes lines;
  unsigned before = codes.empty() ? 0 : codes[0] | static_cast<unsigned>(codes[1]) << 8;
  std::size_t last = 0;
  lines.block(codes, [&](std::size_t at, unsigned line, unsigned state, unsigned word) {
    require(at >= last && at < codes.size() / 2 && line < EventCodes::kLines);
    require((word ^ before) == 1U << line && (word >> line & 1U) == state);
    before = word;
    last = at;
  });
}

}  // namespace

/// Input: one byte of misalignment, then the block.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  static FalconOutputParser parser;
  // A heap block that ends with the message, so that the sanitizer sees any read beyond it.
  const std::size_t shift = data[0] % 8;
  const auto room = std::make_unique<std::uint8_t[]>(shift + size - 1);
  if (size > 1) std::memcpy(room.get() + shift, data + 1, size - 1);
  const Bytes frame{room.get() + shift, size - 1};
  GuiMessage parsed;
  const ParseError error = parser.parse({&frame, 1}, parsed);
  require(parser.describe(error) != "unknown error");
  if (error != ParseError::kNone) return 0;
  check_accepted(parsed);
  check_edges(parsed.event_codes);
  return 0;
}
