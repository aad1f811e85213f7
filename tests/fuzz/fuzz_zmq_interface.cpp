// Any bytes as one multipart message into the parser. What it accepts has to keep what the header promises.
#include <cstdint>
#include <cstdlib>

#include "daemon/ingest/zmq_interface.hpp"
#include "tests/fuzz/multipart.hpp"

using namespace vturn::ingest;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_accepted(const GuiMessage& message) {
  require(message.stream.size() <= kMaxStreamNameBytes);
  require(std::llabs(message.sample_num) <= kMaxSampleNumber);
  const auto values = static_cast<std::size_t>(
      message.num_samples * (message.kind == MessageKind::kSpike ? message.num_channels : std::int64_t{1}));
  float sum = 0;
  if (message.kind == MessageKind::kData || message.kind == MessageKind::kSpike) {
    require(values * 4 == message.samples.size());
    for (std::size_t i = 0; i < values; ++i) sum += sample_at(message.samples, i);
  }
  volatile float kept = sum;
  static_cast<void>(kept);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ZmqInterfaceParser parser;
  vturn::fuzz::Multipart message({data, size});
  GuiMessage parsed;
  const ParseError error = parser.parse(message.frames(), parsed);
  require(!parser.describe(error).empty());
  if (error == ParseError::kNone) check_accepted(parsed);
  return 0;
}
