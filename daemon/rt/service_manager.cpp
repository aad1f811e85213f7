#include "daemon/rt/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "daemon/rt/descriptors.hpp"

namespace vturn::rt {
namespace {

std::string_view notify_path() noexcept {
  const char* path = std::getenv("NOTIFY_SOCKET");
  return path == nullptr ? "" : path;
}

}  // namespace

bool has_service_manager() noexcept { return !notify_path().empty(); }

bool tell_service_manager(std::string_view state, std::span<const int> descriptors) noexcept {
  const std::string_view path = notify_path();
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path) return false;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path.front() == '@') address.sun_path[0] = '\0';
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const bool sent = send_descriptors(socket, state, descriptors, reinterpret_cast<const sockaddr*>(&address), size);
  close(socket);
  return sent;
}

}  // namespace vturn::rt
