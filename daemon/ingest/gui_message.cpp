#include "daemon/ingest/gui_message.hpp"

#include <bit>

#include "daemon/ingest/event_broadcaster.hpp"
#include "daemon/ingest/falcon_output.hpp"
#include "daemon/ingest/zmq_interface.hpp"

namespace vturn::ingest {

float sample_at(Bytes samples, std::size_t index) noexcept {
  std::uint32_t bits = 0;
  for (std::size_t i = sizeof(float); i-- > 0;) bits = (bits << 8) | samples[index * sizeof(float) + i];
  return std::bit_cast<float>(bits);
}

std::unique_ptr<FeedParser> make_feed_parser(GuiFeed feed) {
  switch (feed) {
    case GuiFeed::kEventBroadcaster:
      return std::make_unique<EventBroadcasterParser>();
    case GuiFeed::kFalconOutput:
      return std::make_unique<FalconOutputParser>();
    case GuiFeed::kZmqInterface:
      break;
  }
  return std::make_unique<ZmqInterfaceParser>();
}

}  // namespace vturn::ingest
