// Any bytes as one multipart message of the ZMQ Interface and of the Event Broadcaster. What is accepted has to keep
// what it promises.
#include <cstdint>
#include <cstdlib>

#include "daemon/ingest/event_broadcaster.hpp"
#include "daemon/ingest/zmq_interface.hpp"
#include "tests/fuzz/multipart.hpp"

using namespace vturn::ingest;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_samples(const GuiMessage& message, std::size_t values) {
  require(values * 4 == message.samples.size());
  float sum = static_cast<float>(message.electrode.size());
  for (std::size_t i = 0; i < values; ++i) sum += sample_at(message.samples, i);
  volatile float kept = sum;
  static_cast<void>(kept);
}

void check(const GuiMessage& message) {
  require(message.stream.size() <= kMaxStreamNameBytes);
  require(std::llabs(message.sample_num) <= kMaxSampleNumber);
  if (message.kind == MessageKind::kData) check_samples(message, static_cast<std::size_t>(message.num_samples));
  if (message.kind == MessageKind::kSpike)
    check_samples(message, static_cast<std::size_t>(message.num_channels * message.num_samples));
}

void check_broadcast(const GuiMessage& message) {
  check(message);
  require(!message.numbered && message.kind != MessageKind::kData);
  require(message.sample_rate_hz == 0 ||
          (message.sample_rate_hz >= kMinSampleRateHz && message.sample_rate_hz <= kMaxSampleRateHz));
  if (message.kind == MessageKind::kTtl) require(message.ttl_state <= 1);
  if (message.kind != MessageKind::kSpike) return;
  require(message.num_channels >= 1 && message.num_channels <= kMaxSpikeChannels && message.num_samples >= 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ZmqInterfaceParser interface;
  static EventBroadcasterParser broadcaster;
  const vturn::fuzz::Multipart message({data, size});
  GuiMessage parsed;
  ParseError error = interface.parse(message.frames(), parsed);
  require(interface.describe(error) != "unknown error");
  if (error == ParseError::kNone) check(parsed);
  error = broadcaster.parse(message.frames(), parsed);
  require(broadcaster.describe(error) != "unknown error");
  if (error == ParseError::kNone) check_broadcast(parsed);
  return 0;
}
