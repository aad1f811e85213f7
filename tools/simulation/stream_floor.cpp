#include "tools/simulation/stream_floor.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tools/lib/process_usage.hpp"
#include "tools/simulation/tcp.hpp"

namespace vturn::simulation {
namespace {

constexpr double kBlocksPerS = 30000.0 / 128.0;

void send_blocks(const Descriptor& to, std::size_t block_bytes, double seconds) {
  const std::vector<char> block(block_bytes);
  auto due = std::chrono::steady_clock::now();
  for (int left = static_cast<int>(seconds * kBlocksPerS); left > 0; --left) {
    due += std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(1.0 / kBlocksPerS));
    std::this_thread::sleep_until(due);
    for (std::size_t sent = 0; sent < block.size();) {
      const auto size = send(to.get(), block.data() + sent, block.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) return;
      sent += static_cast<std::size_t>(size);
    }
  }
}

double receive_all(const Descriptor& from) {
  std::vector<char> buffer(1U << 20U);
  const double before_s = tools::own_cpu_s();
  for (;;) {
    pollfd socket{from.get(), POLLIN, 0};
    poll(&socket, 1, 1000);
    const auto size = recv(from.get(), buffer.data(), buffer.size(), 0);
    if (size <= 0) break;
    const int on = 1;
    setsockopt(from.get(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  }
  return tools::own_cpu_s() - before_s;
}

Descriptor connect_to(const TcpAddress& address) {
  Descriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(address.port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    throw std::runtime_error("no loopback connection for the floor");
  return client;
}

}  // namespace

double receive_floor(double bytes_per_s, double seconds) {
  TcpAddress address{"127.0.0.1", 0};
  const Descriptor listener = listen_tcp(address);
  const Descriptor client = connect_to(address);
  Descriptor server(accept(listener.get(), nullptr, nullptr));
  std::thread sender([&] {
    send_blocks(server, static_cast<std::size_t>(bytes_per_s / kBlocksPerS), seconds);
    server.reset();
  });
  const double cpu_s = receive_all(client);
  sender.join();
  return cpu_s / seconds;
}

}  // namespace vturn::simulation
