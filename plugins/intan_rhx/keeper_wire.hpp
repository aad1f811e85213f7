#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace vturn::plugins {

/// What is kept. The page first: whoever takes over reads it before the sockets.
enum class KeptRole : std::uint8_t { kPage, kCommand, kWaveform, kSpikes };
inline constexpr std::size_t kKeptRoles = 4;
constexpr std::string_view name_of(KeptRole role) noexcept {
  constexpr std::string_view kNames[kKeptRoles] = {"page", "command", "waveform", "spikes"};
  return kNames[static_cast<std::size_t>(role)];
}

/// Between the daemon (owner) and the keeper, over SOCK_SEQPACKET.
struct KeeperMessage {
  enum class Kind : std::uint8_t {
    kHave = 1,  ///< keeper to a new owner: role, with its descriptor
    kAll,       ///< keeper: that was all
    kBusy,      ///< keeper: another owner (pid) is there
    kKeep,      ///< owner: role, with its descriptor; replaces the one before
    kDrop,      ///< owner: role
  };
  Kind kind = Kind::kAll;
  KeptRole role = KeptRole::kPage;
  std::int32_t pid = 0;

  [[nodiscard]] std::string_view bytes() const noexcept { return {reinterpret_cast<const char*>(this), sizeof *this}; }
};

/// Abstract UNIX address of the keeper of one RHX, by its command address: leaves no file behind.
struct KeeperAddress {
  explicit KeeperAddress(const std::string& rhx);
  sockaddr_un address{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* generic() const noexcept { return reinterpret_cast<const sockaddr*>(&address); }
};

/// Whether the other end belongs to the same user.
bool same_user(int socket) noexcept;

}  // namespace vturn::plugins
