#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vturn::ingest {

using Bytes = std::span<const std::uint8_t>;
/// The parts of one multipart ZeroMQ message, in order. Views: they live as long as the caller's message.
using Frames = std::span<const Bytes>;

/// More parts than any feed sends; a reader of sockets or files refuses the rest.
inline constexpr std::size_t kMaxFrames = 8;

}  // namespace vturn::ingest
