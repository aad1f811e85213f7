#include "plugins/intan_rhx/keeper.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "daemon/rt/clock.hpp"
#include "daemon/rt/descriptors.hpp"

namespace vturn::plugins {
namespace {

constexpr int kPollMs = 50;
constexpr std::size_t kMostAtOnce = 16U << 20U;

}  // namespace

Keeper::Keeper(const std::string& rhx, int owner, MonoNs stalled_ns)
    : listener_(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      owner_(owner),
      stalled_ns_(stalled_ns),
      owner_pid_(getppid()),
      last_use_ns_(rt::mono_now_ns()) {
  const KeeperAddress address(rhx);
  if (listener_ < 0 || bind(listener_, address.generic(), address.size) != 0 || listen(listener_, 4) != 0) {
    const std::string why = std::strerror(errno);
    close_all();
    throw std::runtime_error("keeper of RHX at " + rhx + ": " + why);
  }
  rt::send_descriptors(owner_, KeeperMessage{}.bytes(), {});
}

Keeper::~Keeper() { close_all(); }

void Keeper::close_all() noexcept {
  page_.reset();
  for (const int fd : kept_) {
    if (fd >= 0) close(fd);
  }
  if (owner_ >= 0) close(owner_);
  if (listener_ >= 0) close(listener_);
}

void Keeper::run() {
  while (!done(rt::mono_now_ns())) {
    const bool draining = stalled(rt::mono_now_ns());
    wait(draining);
    serve_owner();
    accept_owner();
    const MonoNs now_ns = rt::mono_now_ns();
    if (draining && stalled(now_ns)) {
      drain(KeptRole::kWaveform, now_ns);
      drain(KeptRole::kSpikes, now_ns);
    }
    watch_command();
  }
}

/// Nobody reads: the owner is gone or has not done it for a while.
bool Keeper::stalled(MonoNs now_ns) const noexcept {
  return page_ && now_ns - (*page_)->read_mono_ns.load(std::memory_order_acquire) > stalled_ns_;
}

bool Keeper::done(MonoNs now_ns) const noexcept {
  if (owner_ >= 0) return false;
  const auto is_kept = [this](KeptRole role) { return kept_[static_cast<std::size_t>(role)] >= 0; };
  const bool any = is_kept(KeptRole::kCommand) || is_kept(KeptRole::kWaveform) || is_kept(KeptRole::kSpikes);
  return !any || now_ns - last_use_ns_ > kAbandonedNs;
}

void Keeper::wait(bool draining) noexcept {
  std::array<pollfd, 4> items{{{listener_, POLLIN, 0}, {owner_, POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}}};
  if (draining) {
    items[2].fd = kept(KeptRole::kWaveform);
    items[3].fd = kept(KeptRole::kSpikes);
  }
  poll(items.data(), items.size(), kPollMs);
}

void Keeper::serve_owner() noexcept {
  while (owner_ >= 0) {
    KeeperMessage message;
    const auto received = rt::receive_descriptor(owner_, {reinterpret_cast<char*>(&message), sizeof message});
    if (received.size == 0) return owner_left(rt::mono_now_ns());
    if (received.size < 0) return;
    if (received.size != sizeof message) message.kind = KeeperMessage::Kind::kAll;  // no message of an owner
    take(message, received.descriptor);
  }
}

void Keeper::owner_left(MonoNs now_ns) noexcept {
  close(owner_);
  owner_ = -1;
  last_use_ns_ = now_ns;
}

void Keeper::take(const KeeperMessage& message, int descriptor) noexcept {
  const bool known = static_cast<std::size_t>(message.role) < kKeptRoles;
  const bool keep = known && message.kind == KeeperMessage::Kind::kKeep && descriptor >= 0;
  if (!keep && descriptor >= 0) close(descriptor);
  if (known && message.kind == KeeperMessage::Kind::kDrop) drop(message.role);
  if (!keep) return;
  drop(message.role);
  kept(message.role) = descriptor;
  if (message.role != KeptRole::kPage) return;
  try {
    page_ = std::make_unique<SharedPage>(dup(descriptor));
  } catch (const std::exception&) {
    drop(KeptRole::kPage);  // without it nobody can tell whether the owner reads: keep, but never drain
  }
}

void Keeper::drop(KeptRole role) noexcept {
  if (kept(role) >= 0) close(kept(role));
  kept(role) = -1;
  if (role == KeptRole::kPage) page_.reset();
}

void Keeper::accept_owner() noexcept {
  const int candidate = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (candidate < 0) return;
  if (!same_user(candidate) || owner_ >= 0) {
    const KeeperMessage busy{KeeperMessage::Kind::kBusy, KeptRole::kPage, owner_pid_};
    rt::send_descriptors(candidate, busy.bytes(), {});
    close(candidate);
    return;
  }
  owner_ = candidate;
  ucred who{};
  socklen_t size = sizeof who;
  if (getsockopt(owner_, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0) owner_pid_ = who.pid;
  hand_over();
}

void Keeper::hand_over() noexcept {
  // From here on the new owner reads: it gets the same time for its first read as a stalled one.
  if (page_) (*page_)->read_mono_ns.store(rt::mono_now_ns(), std::memory_order_release);
  for (std::size_t i = 0; i < kKeptRoles; ++i) {
    if (kept_[i] < 0) continue;
    const KeeperMessage have{KeeperMessage::Kind::kHave, static_cast<KeptRole>(i), 0};
    rt::send_descriptors(owner_, have.bytes(), {&kept_[i], 1});
  }
  rt::send_descriptors(owner_, KeeperMessage{}.bytes(), {});
}

/// What the daemon should have read is thrown away, so that RHX goes on.
void Keeper::drain(KeptRole role, MonoNs now_ns) noexcept {
  const int fd = kept(role);
  if (fd < 0) return;
  std::size_t drained = 0;
  while (drained < kMostAtOnce) {
    // With MSG_TRUNC the kernel drops the bytes of a TCP socket without copying them.
    const ssize_t size = recv(fd, nullptr, kMostAtOnce, MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (size <= 0) return drop(role);
    drained += static_cast<std::size_t>(size);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  }
  if (drained == 0) return;
  last_use_ns_ = now_ns;
  (*page_)->drained_bytes.fetch_add(drained, std::memory_order_acq_rel);
}

/// RHX has ended: nothing will ever come of that connection.
void Keeper::watch_command() noexcept {
  pollfd command{kept(KeptRole::kCommand), POLLRDHUP, 0};
  if (command.fd < 0 || poll(&command, 1, 0) <= 0) return;
  if ((command.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0 && owner_ < 0) drop(KeptRole::kCommand);
}

}  // namespace vturn::plugins
