#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "daemon/rt/clock.hpp"
#include "plugins/intan_rhx/keeper.hpp"
#include "plugins/intan_rhx/socket_keep.hpp"
#include "plugins/intan_rhx/tcp_socket.hpp"
#include "tests/unit/plugins/rhx_loopback.hpp"
#include "tests/unit/plugins/rhx_rig.hpp"
#include "tests/unit/plugins/test_host.hpp"

namespace vturn::test {

using plugins::KeptRole;
using simulation::Descriptor;

inline std::size_t open_descriptors(const std::string& process = "self") {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/" + process + "/fd")) ++count;
  return count;
}

/// Whether two descriptors are of the same file or socket.
inline bool same_file(int a, int b) {
  struct stat one {
  }, other{};
  return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// A child process that runs `work` and ends without cleaning up, as a killed one does.
template <class Work>
class Child {
 public:
  explicit Child(Work work) : pid_(fork()) {
    if (pid_ != 0) return;
    int code = 9;
    try {
      work();
    } catch (...) {
      code = 77;
    }
    _exit(code);
  }
  ~Child() {
    if (pid_ <= 0 || ended_) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }
  bool ended() {
    if (!ended_) ended_ = waitpid(pid_, &status_, WNOHANG) == pid_;
    return ended_;
  }
  int code() {
    wait_for("the child's end", [this] { return ended(); });
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  }

 private:
  pid_t pid_;
  bool ended_ = false;
  int status_ = 0;
};

/// RHX's side of a connection and ours.
struct Pair {
  explicit Pair(Listener& listener) {
    ours = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(listener.port());
    REQUIRE(connect(ours.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    rhx = listener.accept();
  }
  Descriptor ours, rhx;
  void say(const std::string& text) const {
    REQUIRE(send(rhx.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
};

inline bool keeper_there(const std::string& rhx) {
  const plugins::KeeperAddress address(rhx);
  const Descriptor probe(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  return connect(probe.get(), address.generic(), address.size) == 0;
}

inline Descriptor connection(int port) {
  Descriptor ours(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  REQUIRE(connect(ours.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return ours;
}

/// An earlier vturnd that had connected to everything and had RHX send two channels.
class Kept {
 public:
  explicit Kept(SimulatedRhx& rhx) : rhx_(rhx) {
    const int port = rhx.with([](auto& server) { return server.command_port(); });
    command_ = connection(port);
    rhx.with([](auto& server) {
      switch_wide(server, "A-005", true);
      switch_wide(server, "A-006", true);
      server.state().waveform.connect_asked = server.state().spike.connect_asked = true;
    });
    const auto listening = [](auto& server) {
      using simulation::RhxConnection;
      return server.state().waveform.status == RhxConnection::kPending &&
             server.state().spike.status == RhxConnection::kPending;
    };
    wait_for("the listeners", [&] { return rhx.with(listening); });
    waveform_ = connection(rhx.with([](auto& server) { return server.state().waveform.port; }));
    spikes_ = connection(rhx.with([](auto& server) { return server.state().spike.port; }));
    wait_for("the connections", [&] { return rhx.connected(); });
  }
  /// It dies, having read up to a sample and set up a plan.
  void leave(SampleIndex next, std::uint64_t plan) {
    const auto keep = plugins::make_socket_keep(rhx_.address(), true);
    keep->page()->read_mono_ns = rt::mono_now_ns();
    keep->page()->next_sample = next;
    keep->page()->channels_hash = plan;
    keep->keep(KeptRole::kCommand, command_.get());
    keep->keep(KeptRole::kWaveform, waveform_.get());
    keep->keep(KeptRole::kSpikes, spikes_.get());
    for (Descriptor* socket : {&command_, &waveform_, &spikes_}) socket->reset();
  }

 private:
  SimulatedRhx& rhx_;
  Descriptor command_, waveform_, spikes_;
};

}  // namespace vturn::test
