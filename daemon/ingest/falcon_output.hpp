#pragma once

#include <cstdint>
#include <memory>

#include "daemon/ingest/gui_message.hpp"

namespace vturn::ingest {

/// A block of 1024 channels and 2048 samples: beyond any acquisition of the GUI.
inline constexpr std::size_t kMaxFalconBytes = std::size_t{8} << 20;

/// Blocks of the Falcon Output plugin: all channels of a stream in one FlatBuffer (falcon_output.fbs), which is
/// verified before anything of it is read. Older schemas (six to eight fields) are refused. Channels have no names.
class FalconOutputParser final : public FeedParser {
 public:
  FalconOutputParser();

  ParseError parse(Frames frames, GuiMessage& message) noexcept override;
  [[nodiscard]] std::string_view describe(ParseError error) const noexcept override;

 private:
  std::unique_ptr<std::uint64_t[]> aligned_;
};

}  // namespace vturn::ingest
