// Any bytes as a capture file: the walk ends, and never gives a part that lies outside the bytes.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "daemon/ingest/capture_frames.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> bytes(data, data + size);
  vturn::ingest::CaptureFrames reader(bytes);
  vturn::ingest::CapturedMessage message;
  std::uint8_t sum = 0;
  std::size_t before = 0;
  while (reader.next(message) == vturn::ingest::CaptureStep::kMessage) {
    if (reader.offset() <= before || reader.offset() > size) std::abort();
    before = reader.offset();
    for (const auto part : message.frames()) {
      for (const std::uint8_t byte : part) sum = static_cast<std::uint8_t>(sum + byte);
    }
  }
  volatile std::uint8_t kept = sum;
  static_cast<void>(kept);
  return 0;
}
