#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "daemon/publish/publisher.hpp"

namespace vturn::test {

/// A subscriber of its own context, as another process would be.
class Subscriber {
 public:
  struct Message {
    std::string topic;
    std::string payload;
  };

  Subscriber(const std::string& endpoint, const std::vector<std::string>& topics, int receive_high_water = 0)
      : socket_(context_, zmq::socket_type::sub) {
    socket_.set(zmq::sockopt::rcvhwm, receive_high_water);
    socket_.set(zmq::sockopt::linger, 0);
    if (receive_high_water > 0) socket_.set(zmq::sockopt::rcvbuf, 4096);
    for (const auto& topic : topics) socket_.set(zmq::sockopt::subscribe, topic);
    socket_.connect(endpoint);
  }

  std::optional<Message> receive(std::chrono::milliseconds wait = std::chrono::seconds(10)) {
    socket_.set(zmq::sockopt::rcvtimeo, static_cast<int>(wait.count()));
    zmq::message_t topic, payload;
    if (!socket_.recv(topic)) return std::nullopt;
    // Thrown, not asserted: readers have threads of their own, and assertions are for one thread.
    if (!topic.more() || !socket_.recv(payload) || payload.more()) throw std::runtime_error("not two frames");
    return Message{topic.to_string(), payload.to_string()};
  }

  zmq::socket_t& socket() { return socket_; }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
};

template <class Proto>
Proto parse(const Subscriber::Message& message) {
  Proto proto;
  REQUIRE(proto.ParseFromString(message.payload));
  return proto;
}

/// Calls `step` until it gives true; false after 20 s.
inline bool until(const std::function<bool()>& step) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < end) {
    if (step()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

inline wire::EncoderSettings encoder_settings(bool blinded = false) {
  return {.session_id = "loopback",
          .config_hash = std::string(64, 'c'),
          .model_hash = std::string(64, 'm'),
          .blinded = blinded,
          .names = {.rules = {"rem-clockwise"}, .outputs = {"laser"}, .sources = {"ephys"}}};
}

inline PublisherSettings publisher_settings(int send_high_water = 1000) {
  return {.address = "tcp://127.0.0.1:*",
          .allow_remote = false,
          .curve = {},
          .send_high_water = send_high_water,
          .io_priority = 0};
}

inline OutputEvent output(OutputKind kind, std::int64_t number = 1) {
  OutputEvent event;
  event.kind = kind;
  event.session_time_ns = number * 1'000'000;
  event.source_sample = number;
  if (kind == OutputKind::kTrigger) event.payload.trigger.cause.kind = CauseKind::kTurn;
  if (kind == OutputKind::kTrigger) event.payload.trigger.arm = Arm::kStim;
  if (kind == OutputKind::kVeto) event.payload.veto.cause.kind = CauseKind::kTurn;
  if (kind == OutputKind::kSession) event.payload.session.change = SessionChange::kGap;
  return event;
}

/// Publishes turns (never retained) until `subscriber` gets one: from then on it misses nothing.
inline void await_subscribed(Publisher& publisher, Subscriber& subscriber) {
  REQUIRE(until([&] {
    publisher.service();
    publisher.publish(output(OutputKind::kTurn, -1), {});
    return subscriber.receive(std::chrono::milliseconds(1)).has_value();
  }));
  while (subscriber.receive(std::chrono::milliseconds(50))) continue;
}

}  // namespace vturn::test
