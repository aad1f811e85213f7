#include "plugins/open_ephys/heartbeat.hpp"

#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace vturn::plugins {
namespace {

constexpr MonoNs kPeriodNs = 2 * kNsPerS;

}  // namespace

Heartbeat::Heartbeat(void* context, const std::string& address, const std::string& name)
    : socket_(zmq_socket(context, ZMQ_REQ)) {
  const std::string uuid = "vturn-" + std::to_string(getpid()) + "-" + name;
  request_ = nlohmann::json{{"application", "vturn"}, {"uuid", uuid}, {"type", "heartbeat"}}.dump();
  // Without these a single lost reply would end all further requests.
  const int yes = 1, no_linger = 0;
  zmq_setsockopt(socket_.get(), ZMQ_REQ_RELAXED, &yes, sizeof yes);
  zmq_setsockopt(socket_.get(), ZMQ_REQ_CORRELATE, &yes, sizeof yes);
  zmq_setsockopt(socket_.get(), ZMQ_LINGER, &no_linger, sizeof no_linger);
  if (zmq_connect(socket_.get(), address.c_str()) != 0)
    throw std::runtime_error("heartbeat to \"" + address + "\": " + zmq_strerror(zmq_errno()));
}

void Heartbeat::service(MonoNs now_ns) noexcept {
  if (now_ns < next_ns_) return;
  next_ns_ = now_ns + kPeriodNs;
  std::array<char, 256> reply;
  while (zmq_recv(socket_.get(), reply.data(), reply.size(), ZMQ_DONTWAIT) >= 0) {
  }
  // Refused while the GUI is away: the next one will do.
  zmq_send(socket_.get(), request_.data(), request_.size(), ZMQ_DONTWAIT);
}

}  // namespace vturn::plugins
