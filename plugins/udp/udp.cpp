// An output that sends one datagram a pulse, for stimulators and simulators that listen on the network. Immediate: one
// non-blocking send on the decision thread. The receiver ends the pulse itself after pulse_ms.
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

#include "plugins/common/config.hpp"
#include "plugins/common/datagram.hpp"
#include "plugins/common/instance.hpp"

namespace vturn::plugins {
namespace {

/// {"kind":"fire","trigger_id":1,"session_time_ns":2,"pulse_ms":10.000} built without allocation or locale.
class Message {
 public:
  Message(std::string_view kind, std::uint32_t trigger_id, std::int64_t session_time_ns, double pulse_ms) noexcept {
    text(R"({"kind":")");
    text(kind);
    text(R"(","trigger_id":)");
    integer(trigger_id);
    text(R"(,"session_time_ns":)");
    integer(session_time_ns);
    text(R"(,"pulse_ms":)");
    milli(pulse_ms);
    text("}");
  }
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }

 private:
  void text(std::string_view part) noexcept {
    std::memcpy(bytes_.data() + size_, part.data(), part.size());
    size_ += part.size();
  }
  void integer(std::int64_t value) noexcept {
    size_ = static_cast<std::size_t>(std::to_chars(bytes_.data() + size_, bytes_.data() + bytes_.size(), value).ptr -
                                     bytes_.data());
  }
  void milli(double value) noexcept {
    const double bounded = value >= 0.0 && value < 1e9 ? value : 0.0;
    const auto micro = static_cast<std::int64_t>(std::llround(bounded * 1000.0));
    integer(micro / 1000);
    const std::int64_t rest = micro % 1000;
    text(rest < 10 ? ".00" : rest < 100 ? ".0" : ".");
    integer(rest);
  }

  // Fixed text 62 bytes, kind at most 4, numbers at most 10 + 20 + 20 + 4.
  std::array<char, 192> bytes_;
  std::size_t size_ = 0;
};

sockaddr_in receiver(const Config& config) {
  const std::string address = config.text("address", "127.0.0.1:5701");
  const auto endpoint = parse_endpoint(address);
  if (!endpoint) config.refuse("address", "\"" + address + "\"", "ADDRESS:PORT, like 127.0.0.1:5701");
  if (!is_loopback(*endpoint) && !config.flag("allow_remote", false))
    config.refuse("address", "\"" + address + "\"", "a loopback address, or allow_remote = true");
  return *endpoint;
}

class UdpOutput {
 public:
  UdpOutput(const vturn_host&, const char* text) { socket_.connect(receiver(Config(text))); }

  /// Sends nothing, so that it cannot tell whether somebody listens. A refusal of long ago must not fail a pulse.
  void self_test() noexcept { static_cast<void>(socket_.take_error()); }

  std::int32_t fire(const vturn_pulse& pulse) noexcept {
    const bool sham = pulse.kind == VTURN_PULSE_SHAM;
    const Message message(sham ? "sham" : "fire", pulse.trigger_id, pulse.session_time_ns,
                          static_cast<double>(pulse.pulse_ms));
    if (!socket_.send(message.view())) return VTURN_RESULT_FAILED;
    return sham ? VTURN_RESULT_SHAM : VTURN_RESULT_FIRED;
  }

  std::int32_t stop(std::uint32_t trigger_id) noexcept {
    return socket_.send(Message("stop", trigger_id, 0, 0.0).view()) ? VTURN_RESULT_STOPPED : VTURN_RESULT_FAILED;
  }

 private:
  DatagramSocket socket_;
};

constexpr vturn_plugin kPlugin = {VTURN_ABI_VERSION, sizeof(vturn_plugin), "udp", nullptr,
                                  &kOutputFunctions<UdpOutput>};

}  // namespace
}  // namespace vturn::plugins

const vturn_plugin* vturn_plugin_entry(void) { return &vturn::plugins::kPlugin; }
