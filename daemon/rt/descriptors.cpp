#include "daemon/rt/descriptors.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace vturn::rt {
namespace {

constexpr std::size_t kMost = 8;
struct alignas(cmsghdr) Control {
  std::array<char, CMSG_SPACE(kMost * sizeof(int))> bytes{};
};

}  // namespace

bool send_descriptors(int socket, std::string_view bytes, std::span<const int> descriptors, const sockaddr* to,
                      socklen_t to_size) noexcept {
  if (descriptors.size() > kMost) return false;
  Control control;
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(to);
  message.msg_namelen = to_size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(bytes.size());
}

ReceivedMessage receive_descriptor(int socket, std::span<char> bytes) noexcept {
  Control control;
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ReceivedMessage received{recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT)};
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = std::min((header->cmsg_len - CMSG_LEN(0)) / sizeof(int), kMost);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
      if (received.descriptor < 0) {
        received.descriptor = descriptor;
      } else {
        close(descriptor);
      }
    }
  }
  return received;
}

}  // namespace vturn::rt
