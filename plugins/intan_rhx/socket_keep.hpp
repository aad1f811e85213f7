#pragma once

#include <array>
#include <memory>
#include <string>

#include "plugins/intan_rhx/keeper_wire.hpp"
#include "plugins/intan_rhx/kept_page.hpp"

namespace vturn::plugins {

/// Where the sockets of one RHX outlive this process. Set-up and reader's thread.
class SocketKeep {
 public:
  SocketKeep() = default;
  virtual ~SocketKeep();
  SocketKeep(const SocketKeep&) = delete;
  SocketKeep& operator=(const SocketKeep&) = delete;

  /// Who keeps them, for the log.
  [[nodiscard]] virtual std::string where() const = 0;
  /// Keeps a duplicate of a socket that was opened, in place of the one before.
  virtual void keep(KeptRole role, int descriptor) noexcept = 0;
  /// It is closed.
  virtual void drop(KeptRole role) noexcept = 0;

  /// A socket that an earlier process left, -1 = none; it is the caller's then.
  int take(KeptRole role) noexcept;
  [[nodiscard]] SharedPage& page() noexcept { return *page_; }

 protected:
  /// Of what was left: first all, then page.
  void found(KeptRole role, int descriptor) noexcept;
  /// The page that was found, or a new one, which is kept.
  void open_page();

 private:
  std::array<int, kKeptRoles> found_{-1, -1, -1, -1};
  std::unique_ptr<SharedPage> page_;
};

/// In systemd's file descriptor store when systemd runs this process (NOTIFY_SOCKET), else in a keeper process of its
/// own; `enabled` = false: nowhere. `rhx` is the command port's address. Throws std::runtime_error when another vturnd
/// holds this RHX, or the keeper cannot be started.
std::unique_ptr<SocketKeep> make_socket_keep(const std::string& rhx, bool enabled);

}  // namespace vturn::plugins
