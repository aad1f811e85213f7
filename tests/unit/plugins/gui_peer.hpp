#pragma once

#include <zmq.h>

#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/ingest/frames.hpp"

namespace vturn::test {

/// The publishing side of a plugin of the GUI: XPUB, so that the test knows when the plugin has subscribed.
class Gui {
 public:
  Gui() : context_(zmq_ctx_new()), socket_(zmq_socket(context_, ZMQ_XPUB)) {
    const int unlimited = 0;
    zmq_setsockopt(socket_, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
    REQUIRE(zmq_bind(socket_, "tcp://127.0.0.1:*") == 0);
    std::array<char, 128> endpoint{};
    std::size_t size = endpoint.size();
    REQUIRE(zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, endpoint.data(), &size) == 0);
    address_ = endpoint.data();
  }
  ~Gui() {
    const int no_linger = 0;
    zmq_setsockopt(socket_, ZMQ_LINGER, &no_linger, sizeof no_linger);
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }
  Gui(const Gui&) = delete;
  Gui& operator=(const Gui&) = delete;
  [[nodiscard]] const std::string& address() const { return address_; }

  void wait_for_subscriber() {
    const int patience_ms = 30'000;
    zmq_setsockopt(socket_, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
    std::array<char, 8> subscription;
    REQUIRE(zmq_recv(socket_, subscription.data(), subscription.size(), 0) == 1);
  }
  void send(ingest::Frames frames) {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const int more = i + 1 < frames.size() ? ZMQ_SNDMORE : 0;
      REQUIRE(zmq_send(socket_, frames[i].data(), frames[i].size(), more) >= 0);
    }
  }
  void send(const std::vector<std::string>& parts) {
    std::vector<ingest::Bytes> frames;
    for (const auto& part : parts) frames.emplace_back(reinterpret_cast<const std::uint8_t*>(part.data()), part.size());
    send(ingest::Frames(frames));
  }

 private:
  void* context_;
  void* socket_;
  std::string address_;
};

inline nlohmann::json config(const Gui& gui) {
  return {{"name", "ephys"},
          {"index", 0},
          {"master", true},
          {"clock", "master"},
          {"address", gui.address()},
          {"feed", "zmq_interface"},
          {"http", ""},
          {"stream", ""},
          {"heartbeat", false},
          {"sample_rate_hz", 30000.0},
          {"signals", nlohmann::json::array()},
          {"motion_signals", nlohmann::json::array()},
          {"speed", 1.0}};
}

}  // namespace vturn::test
