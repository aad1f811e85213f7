#include "plugins/intan_rhx/keeper_wire.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace vturn::plugins {

KeeperAddress::KeeperAddress(const std::string& rhx) {
  const std::string name = "vturn-keeper/" + std::to_string(getuid()) + "/" + rhx;
  address.sun_family = AF_UNIX;
  const std::size_t length = std::min(name.size(), sizeof address.sun_path - 1);
  std::memcpy(address.sun_path + 1, name.data(), length);
  size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
}

bool same_user(int socket) noexcept {
  ucred other{};
  socklen_t size = sizeof other;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &other, &size) == 0 && other.uid == getuid();
}

}  // namespace vturn::plugins
