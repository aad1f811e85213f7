// RHX's sockets in systemd's file descriptor store: the test plays systemd, with a notification socket of its own and a
// child process that is started as systemd starts a service again.
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <map>

#include "daemon/rt/descriptors.hpp"
#include "plugins/intan_rhx/socket_keep.hpp"
#include "tests/unit/plugins/rhx_kept.hpp"

using namespace vturn;
using namespace vturn::plugins;
using test::Child;
using test::Descriptor;
using test::Listener;
using test::Pair;
using test::same_file;

namespace {

const std::string kRhx = "127.0.0.1:59999";
const std::string kName = "vturn-127.0.0.1-59999-";

/// systemd's end of NOTIFY_SOCKET, which is set for as long as this lives.
class Systemd {
 public:
  Systemd() : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const std::string name = "vturn-test-notify-" + std::to_string(getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), address.sun_path + 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    REQUIRE(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  }
  ~Systemd() { unsetenv("NOTIFY_SOCKET"); }
  Systemd(const Systemd&) = delete;
  Systemd& operator=(const Systemd&) = delete;

  struct Message {
    std::string text;
    Descriptor descriptor;
  };
  Message next() {
    std::array<char, 512> text{};
    const auto received = rt::receive_descriptor(socket_.get(), text);
    const auto size = static_cast<std::size_t>(std::max<std::ptrdiff_t>(received.size, 0));
    return {{text.data(), size}, Descriptor(received.descriptor)};
  }
  /// What is in the store when all messages have been done.
  std::map<std::string, Descriptor> store() {
    std::map<std::string, Descriptor> kept;
    for (Message message = next(); !message.text.empty(); message = next()) {
      const std::string name = message.text.substr(message.text.find("FDNAME=") + 7);
      if (message.text.starts_with("FDSTOREREMOVE=1\n")) kept.erase(name);
      if (message.text.starts_with("FDSTORE=1\n")) kept.insert_or_assign(name, std::move(message.descriptor));
    }
    return kept;
  }

 private:
  Descriptor socket_;
};

/// Starts this program again with the hidden test below, its descriptors from 3 on those of `kept`.
int restarted(const std::map<std::string, Descriptor>& kept, const std::string& count, bool our_pid,
              const std::string& expected) {
  std::string names;
  for (const auto& [name, descriptor] : kept) names += (names.empty() ? "" : ":") + name;
  Child child([&] {
    constexpr int kHigh = 500;
    int high = kHigh, low = 3;
    for (const auto& [name, descriptor] : kept) dup2(descriptor.get(), high++);
    for (int fd = kHigh; fd < high; ++fd) dup2(fd, low++);
    close_range(static_cast<unsigned>(low), ~0U, 0);
    setenv("LISTEN_FDS", count.c_str(), 1);
    setenv("LISTEN_FDNAMES", names.c_str(), 1);
    setenv("LISTEN_PID", std::to_string(our_pid ? getpid() : getpid() + 1).c_str(), 1);
    setenv("NOTIFY_SOCKET", "@vturn-test-nobody", 1);
    setenv("VTURN_TEST_EXPECTED", expected.c_str(), 1);
    execl("/proc/self/exe", "unit_plugins", "a service that systemd has started again", static_cast<char*>(nullptr));
  });
  return child.code();
}

}  // namespace

TEST_CASE("RHX under systemd: each socket goes into its store under a name of its own, and out of it again") {
  Systemd systemd;
  Listener listener;
  const Pair first(listener), second(listener);
  {
    const auto keep = make_socket_keep(kRhx, true);
    CHECK(keep->where().find("systemd") != std::string::npos);
    keep->page()->next_sample = 4711;
    auto message = systemd.next();
    while (!message.text.starts_with("FDSTORE=1")) message = systemd.next();
    CHECK(message.text == "FDSTORE=1\nFDNAME=" + kName + "page");
    SharedPage page(dup(message.descriptor.get()));
    CHECK(page->next_sample == 4711);

    keep->keep(KeptRole::kWaveform, first.ours.get());
    keep->keep(KeptRole::kCommand, second.ours.get());
    auto kept = systemd.store();
    REQUIRE(kept.size() == 2);
    CHECK(same_file(kept.at(kName + "waveform").get(), first.ours.get()));
    CHECK(same_file(kept.at(kName + "command").get(), second.ours.get()));
    for (const auto& [name, descriptor] : kept) CHECK(name.find(':') == std::string::npos);

    keep->keep(KeptRole::kWaveform, second.ours.get());  // systemd would keep both
    auto message_of_old = systemd.next();
    CHECK(message_of_old.text == "FDSTOREREMOVE=1\nFDNAME=" + kName + "waveform");
    kept = systemd.store();
    REQUIRE(kept.size() == 1);
    CHECK(same_file(kept.at(kName + "waveform").get(), second.ours.get()));
    keep->drop(KeptRole::kCommand);
    CHECK(systemd.next().text == "FDSTOREREMOVE=1\nFDNAME=" + kName + "command");
  }
  CHECK(systemd.next().text.empty());  // its end takes nothing out
}

TEST_CASE("RHX under systemd: a service that is started again takes back what it had kept") {
  std::map<std::string, Descriptor> kept;
  Listener listener;
  const Pair command(listener), spikes(listener), foreign(listener);
  {
    Systemd systemd;
    const auto keep = make_socket_keep(kRhx, true);
    keep->page()->next_sample = 815;
    keep->keep(KeptRole::kCommand, command.ours.get());
    keep->keep(KeptRole::kSpikes, spikes.ours.get());
    kept = systemd.store();
  }
  REQUIRE(kept.size() == 3);
  kept.insert_or_assign("another-program", Descriptor(dup(foreign.ours.get())));
  const auto peer_said = [](const Pair& pair) { return test::read_some(pair.rhx, 0); };

  CHECK(restarted(kept, "4", true, "page command spikes") == 0);
  CHECK(peer_said(command) == "command");
  CHECK(peer_said(spikes) == "spikes");
  CHECK(peer_said(foreign).empty());
  // Not ours: for another process of the service, and fewer than there are names.
  CHECK(restarted(kept, "4", false, "") == 0);
  CHECK(restarted(kept, "2", true, "command") == 0);
  CHECK(restarted(kept, "0", true, "") == 0);
  CHECK(restarted(kept, "many", true, "") == 0);
}

/// Run by the test above, in a process of its own.
TEST_CASE("a service that systemd has started again", "[.]") {
  const char* expected = std::getenv("VTURN_TEST_EXPECTED");
  REQUIRE(expected != nullptr);
  const auto keep = make_socket_keep(kRhx, true);
  std::string found = keep->page()->next_sample == 815 ? "page" : "";
  for (const KeptRole role : {KeptRole::kCommand, KeptRole::kWaveform, KeptRole::kSpikes}) {
    const Descriptor taken(keep->take(role));
    if (!taken) continue;
    const std::string name(name_of(role));
    found += (found.empty() ? "" : " ") + name;
    CHECK((fcntl(taken.get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(send(taken.get(), name.data(), name.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(name.size()));
  }
  CHECK(found == expected);
}
