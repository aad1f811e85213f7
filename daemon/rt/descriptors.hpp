#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace vturn::rt {

/// A message with file descriptors over a UNIX socket (SCM_RIGHTS): the receiver gets duplicates. At most 8.
bool send_descriptors(int socket, std::string_view bytes, std::span<const int> descriptors,
                      const sockaddr* to = nullptr, socklen_t to_size = 0) noexcept;

struct ReceivedMessage {
  std::ptrdiff_t size = -1;  ///< bytes; 0 = the other side is gone, -1 = nothing there
  int descriptor = -1;       ///< the first one; further ones are closed
};
ReceivedMessage receive_descriptor(int socket, std::span<char> bytes) noexcept;

}  // namespace vturn::rt
