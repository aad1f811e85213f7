// A machine that loses power closes nothing: connections to acquisition software have to notice by themselves.
#include <netinet/tcp.h>

#include <optional>

#include "plugins/intan_rhx/command_client.hpp"
#include "plugins/open_ephys/subscriber.hpp"
#include "tests/unit/plugins/gui_peer.hpp"
#include "tests/unit/plugins/rhx_loopback.hpp"

using namespace vturn;
using namespace vturn::plugins;

namespace {

int option(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  REQUIRE(getsockopt(fd, level, name, &value, &size) == 0);
  return value;
}

/// Seconds until a silent peer whose machine is gone is noticed; nothing when it never is.
std::optional<int> noticed_after_s(int fd) {
  if (option(fd, SOL_SOCKET, SO_KEEPALIVE) == 0) return std::nullopt;
  return option(fd, IPPROTO_TCP, TCP_KEEPIDLE) +
         option(fd, IPPROTO_TCP, TCP_KEEPINTVL) * option(fd, IPPROTO_TCP, TCP_KEEPCNT);
}

/// This process' socket that is connected to that port.
int socket_to(int port) {
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 || peer.sin_family != AF_INET) continue;
    if (ntohs(peer.sin_port) == port) return fd;
  }
  FAIL("no connection to port " << port);
  return -1;
}

}  // namespace

TEST_CASE(
    "RHX sockets notice a machine that is gone: data within 10 s, commands, which cost a click, within a minute") {
  test::Listener listener;
  TcpSocket data;
  data.connect(test::loopback(listener.port()), 10);
  REQUIRE(data.state() != TcpSocket::State::kClosed);
  CHECK(noticed_after_s(data.fd()) == 10);
  CHECK(option(data.fd(), IPPROTO_TCP, TCP_USER_TIMEOUT) == 10'000);
  const sockaddr_in address = test::loopback(listener.port());
  CommandClient commands(address);
  commands.connect();
  CHECK(noticed_after_s(commands.fd()) == 60);
}

TEST_CASE("the GUI's subscriber notices a machine that is gone") {
  test::Gui gui;
  const ZmqContext context = make_zmq_context(0);
  const Subscriber subscriber(context.get(), gui.address());
  gui.wait_for_subscriber();
  const auto noticed = noticed_after_s(socket_to(std::stoi(gui.address().substr(gui.address().rfind(':') + 1))));
  REQUIRE(noticed);
  CHECK(*noticed <= 15);
}
