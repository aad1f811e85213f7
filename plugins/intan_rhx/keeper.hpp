#pragma once

#include <array>
#include <memory>
#include <string>

#include "daemon/core/types.hpp"
#include "plugins/intan_rhx/keeper_wire.hpp"
#include "plugins/intan_rhx/kept_page.hpp"

namespace vturn::plugins {

/// Holds the sockets of one RHX while the daemon that uses them is restarted, dead or stalled. RHX never listens for
/// commands again after its client has left, and stops the user's recording when a data socket is not read for 15 s:
/// so all three are kept open here, and the data sockets are emptied when the daemon has not done it for 3 s.
class Keeper {
 public:
  static constexpr MonoNs kStalledNs = 3 * kNsPerS;

  /// `owner`: connection to the daemon that started it, which is told that it is there; closed in any case. Throws
  /// std::runtime_error when this RHX has a keeper already. `stalled_ns`: without a read by the owner.
  Keeper(const std::string& rhx, int owner, MonoNs stalled_ns = kStalledNs);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  /// Until there is nothing left to keep: RHX is gone, or nobody has come back to a stopped one for ten minutes.
  void run();

 private:
  static constexpr MonoNs kAbandonedNs = 600 * kNsPerS;

  [[nodiscard]] int& kept(KeptRole role) noexcept { return kept_[static_cast<std::size_t>(role)]; }
  [[nodiscard]] bool stalled(MonoNs now_ns) const noexcept;
  [[nodiscard]] bool done(MonoNs now_ns) const noexcept;
  void wait(bool draining) noexcept;
  void serve_owner() noexcept;
  void take(const KeeperMessage& message, int descriptor) noexcept;
  void accept_owner() noexcept;
  void hand_over() noexcept;
  void owner_left(MonoNs now_ns) noexcept;
  void drain(KeptRole role, MonoNs now_ns) noexcept;
  void watch_command() noexcept;
  void drop(KeptRole role) noexcept;

  void close_all() noexcept;

  int listener_;
  int owner_;
  MonoNs stalled_ns_;
  std::int32_t owner_pid_ = 0;
  std::array<int, kKeptRoles> kept_{-1, -1, -1, -1};
  std::unique_ptr<SharedPage> page_;
  MonoNs last_use_ns_ = 0;  ///< an owner was there, or data came
};

}  // namespace vturn::plugins
