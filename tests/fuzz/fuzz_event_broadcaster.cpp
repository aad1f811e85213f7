// Any bytes as one multipart message of the Event Broadcaster. What is accepted has to keep what it promises.
#include <cstdint>
#include <cstdlib>

#include "daemon/ingest/event_broadcaster.hpp"
#include "tests/fuzz/multipart.hpp"

using namespace vturn::ingest;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_accepted(const GuiMessage& message) {
  require(!message.numbered && message.stream.size() <= kMaxStreamNameBytes);
  require(std::llabs(message.sample_num) <= kMaxSampleNumber);
  require(message.sample_rate_hz == 0 ||
          (message.sample_rate_hz >= kMinSampleRateHz && message.sample_rate_hz <= kMaxSampleRateHz));
  if (message.kind == MessageKind::kTtl) require(message.ttl_state <= 1);
  if (message.kind != MessageKind::kSpike) return;
  require(message.num_channels >= 1 && message.num_channels <= kMaxSpikeChannels && message.num_samples >= 1);
  const auto values = static_cast<std::size_t>(message.num_channels * message.num_samples);
  require(values * 4 == message.samples.size());
  float sum = static_cast<float>(message.electrode.size());
  for (std::size_t i = 0; i < values; ++i) sum += sample_at(message.samples, i);
  volatile float kept = sum;
  static_cast<void>(kept);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static EventBroadcasterParser parser;
  const vturn::fuzz::Multipart message({data, size});
  GuiMessage parsed;
  const ParseError error = parser.parse(message.frames(), parsed);
  require(parser.describe(error) != "unknown error");
  if (error == ParseError::kNone) check_accepted(parsed);
  return 0;
}
