#pragma once

#include <memory>

#include "daemon/ingest/gui_message.hpp"

namespace vturn::ingest {

class JsonHeader;

/// Messages of the ZMQ Interface plugin 0.3.x-1.0 (GUI 0.6-1.0), whose payloads are samples of one channel, one TTL
/// edge or one spike. Older ones (`message_no`) are refused: their payloads cannot be trusted.
class ZmqInterfaceParser final : public FeedParser {
 public:
  ZmqInterfaceParser();
  ~ZmqInterfaceParser() override;

  ParseError parse(Frames frames, GuiMessage& message) noexcept override;
  [[nodiscard]] std::string_view describe(ParseError error) const noexcept override;

 private:
  std::unique_ptr<JsonHeader> json_;
};

}  // namespace vturn::ingest
