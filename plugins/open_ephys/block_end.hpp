#pragma once

#include <cstdint>

#include "daemon/ingest/frames.hpp"

namespace vturn::plugins {

/// Recognises the last message of an acquisition block: the GUI sends a block's TTL edges and spikes first, then one
/// DATA message a channel, in channel order. The last channel is learnt from the block before; a wrong guess only ends
/// a burst early. Streams without DATA have no such message.
class BlockEnd {
 public:
  /// True when this message ends its block.
  bool observe(ingest::Frames frames) noexcept;

 private:
  std::int64_t previous_channel_ = -1;
  std::int64_t last_channel_ = -1;
};

}  // namespace vturn::plugins
