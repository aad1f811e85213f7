#include "tools/simulation/follower.hpp"

#include <algorithm>
#include <string_view>

#include "vturn/v1/events.pb.h"

namespace vturn::simulation {
namespace {

template <class Message>
std::optional<SessionNs> time_in(std::string_view bytes) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !message.has_header())
    return std::nullopt;
  return message.header().session_time_ns();
}

}  // namespace

std::optional<SessionNs> published_time(std::string_view topic, std::string_view message) {
  if (topic == "heading") return time_in<v1::Heading>(message);
  if (topic == "sleep") return time_in<v1::Sleep>(message);
  if (topic == "health") return time_in<v1::Health>(message);
  return std::nullopt;
}

std::optional<std::uint32_t> announced_pulse(std::string_view topic, std::string_view message) {
  v1::Trigger trigger;
  if (topic != "trigger" || !trigger.ParseFromArray(message.data(), static_cast<int>(message.size())))
    return std::nullopt;
  if (!trigger.has_arm() || (trigger.arm() != v1::ARM_STIM && trigger.arm() != v1::ARM_DELAYED)) return std::nullopt;
  return trigger.trigger_id();
}

Follower::Follower(ZmqContext& context, const std::string& address) : socket_(context, ZMQ_SUB) {
  socket_.set(ZMQ_LINGER, 0);
  socket_.connect(address);
  for (const char* topic : {"heading", "sleep", "health", "trigger"}) socket_.subscribe(topic);
}

void Follower::service() {
  std::vector<char> topic(64), body(65536);
  for (;;) {
    const int topic_size = zmq_recv(socket_.get(), topic.data(), topic.size(), ZMQ_DONTWAIT);
    if (topic_size < 0) return;
    const int body_size = zmq_recv(socket_.get(), body.data(), body.size(), 0);
    if (body_size < 0 || static_cast<std::size_t>(body_size) > body.size()) continue;
    const std::size_t topic_length = std::min(static_cast<std::size_t>(topic_size), topic.size());
    take({topic.data(), topic_length}, {body.data(), static_cast<std::size_t>(body_size)});
  }
}

void Follower::take(std::string_view topic, std::string_view message) {
  if (const auto time_ns = published_time(topic, message)) {
    published_ns_ = std::max(published_ns_.value_or(INT64_MIN), *time_ns);
  } else if (const auto pulse = announced_pulse(topic, message)) {
    if (std::erase(felt_early_, *pulse) == 0) awaited_.push_back(*pulse);
  }
}

void Follower::felt(std::uint32_t trigger_id) {
  if (std::erase(awaited_, trigger_id) == 0) felt_early_.push_back(trigger_id);
}

void Follower::wait(std::chrono::milliseconds time) {
  zmq_pollitem_t item{socket_.get(), 0, ZMQ_POLLIN, 0};
  zmq_poll(&item, 1, static_cast<long>(time.count()));
}

}  // namespace vturn::simulation
