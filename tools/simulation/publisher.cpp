#include "tools/simulation/publisher.hpp"

#include <array>
#include <cerrno>
#include <charconv>

namespace vturn::simulation {
namespace {

constexpr long kPollMs = 100;

}  // namespace

Publisher::Publisher(ZmqContext& context, const std::string& address, int high_water) : socket_(context, ZMQ_XPUB) {
  socket_.set(ZMQ_SNDHWM, high_water);
  // Without it a full queue would drop in silence, as PUB does.
  socket_.set(ZMQ_XPUB_NODROP, 1);
  // Every connection tells of itself, also the second with the same prefix.
  socket_.set(ZMQ_XPUB_VERBOSER, 1);
  socket_.set(ZMQ_SNDTIMEO, static_cast<int>(kPollMs));
  socket_.set(ZMQ_LINGER, 2000);
  socket_.bind(address);
}

int Publisher::subscribers() {
  std::array<std::uint8_t, 256> message{};
  int size = 0;
  while ((size = zmq_recv(socket_.get(), message.data(), message.size(), ZMQ_DONTWAIT)) > 0) {
    subscribers_ += message[0] == 1 ? 1 : -1;
  }
  return subscribers_;
}

bool Publisher::wait_subscriber(const std::function<bool()>& give_up) {
  while (subscribers() <= 0) {
    if (give_up()) return false;
    zmq_pollitem_t item{socket_.get(), 0, ZMQ_POLLIN, 0};
    zmq_poll(&item, 1, kPollMs);
  }
  return true;
}

bool Publisher::send(std::span<const std::span<const std::uint8_t>> parts, const std::function<bool()>& give_up) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const int flags = i + 1 < parts.size() ? ZMQ_SNDMORE : 0;
    while (zmq_send(socket_.get(), parts[i].data(), parts[i].size(), flags) < 0) {
      const int error = zmq_errno();
      if (error != EAGAIN && error != EINTR)
        throw std::runtime_error(std::string("ZeroMQ: cannot send: ") + zmq_strerror(error));
      if (give_up()) return false;
    }
  }
  return true;
}

HeartbeatReply::HeartbeatReply(ZmqContext& context, const std::string& address) : socket_(context, ZMQ_REP) {
  socket_.set(ZMQ_LINGER, 0);
  socket_.bind(address);
}

void HeartbeatReply::service() {
  std::array<char, 1024> request{};
  constexpr std::string_view kReply = "heartbeat received";
  while (zmq_recv(socket_.get(), request.data(), request.size(), ZMQ_DONTWAIT) >= 0) {
    zmq_send(socket_.get(), kReply.data(), kReply.size(), 0);
  }
}

std::optional<std::string> address_with_port_plus(const std::string& address, int add) {
  const auto colon = address.rfind(':');
  int port = 0;
  if (colon == std::string::npos) return std::nullopt;
  const char* end = address.data() + address.size();
  const auto [stop, error] = std::from_chars(address.data() + colon + 1, end, port);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return address.substr(0, colon + 1) + std::to_string(port + add);
}

}  // namespace vturn::simulation
