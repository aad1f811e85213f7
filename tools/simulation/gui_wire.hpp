#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tools/simulation/faults.hpp"
#include "tools/simulation/mouse.hpp"

namespace vturn::simulation {

/// What the GUI's output plugins are told.
struct WireSettings {
  std::string stream = "Digital_Mouse-100.mouse";
  int source_node = 100;
  int detector_node = 102;                 ///< the output plugin is the node behind it
  std::vector<std::size_t> channels = {};  ///< of Mouse::channel_names(), sent in this order
  FaultSettings faults = {};

  [[nodiscard]] int plugin_node() const noexcept { return detector_node + 1; }
};

/// When a block is sent, by the two clocks that plugins stamp messages with.
struct SendTime {
  std::int64_t unix_ms;
  double monotonic_s;
};

/// An output plugin of the Open Ephys GUI without its socket: turns the mouse's blocks into its messages.
class GuiWire {
 public:
  using Bytes = std::span<const std::uint8_t>;
  using Sink = std::function<void(std::span<const Bytes> parts)>;

  GuiWire(double rate_hz, const FaultSettings& faults) : rate_hz_(rate_hz), faults_(faults) {}
  virtual ~GuiWire() = default;
  GuiWire(const GuiWire&) = delete;
  GuiWire& operator=(const GuiWire&) = delete;

  /// As the GUI's list of processors has it.
  [[nodiscard]] virtual const char* plugin() const = 0;
  void send(const Block& block, SendTime time, const Sink& sink) {
    const auto [restart, loop] = faults_.at(static_cast<double>(block.first_sample) / rate_hz_);
    if (restart || loop) {
      sample_offset_ = -block.first_sample;
      begin_anew(restart);
    }
    sink_ = &sink;
    block_messages(block, time);
  }

  [[nodiscard]] std::uint64_t messages() const noexcept { return messages_; }
  /// The mouse's newest sample that a message has told of: what tells of events alone may be silent for long.
  [[nodiscard]] std::int64_t newest_told() const noexcept { return newest_told_; }
  /// Sample number on the wire of the mouse's sample 0: shifts at a rehearsed restart or loop.
  [[nodiscard]] std::int64_t sample_offset() const noexcept { return sample_offset_; }

 protected:
  virtual void block_messages(const Block& block, SendTime time) = 0;
  /// Sample numbers begin anew; with `restart` acquisition as a whole does.
  virtual void begin_anew(bool restart) = 0;
  /// `told`: newest sample of the mouse that it tells of.
  void emit(std::span<const Bytes> parts, std::int64_t told) {
    if (faults_.lose_one()) return;
    ++messages_;
    newest_told_ = std::max(newest_told_, told);
    (*sink_)(parts);
  }
  [[nodiscard]] double rate_hz() const noexcept { return rate_hz_; }

 private:
  double rate_hz_;
  Faults faults_;
  const Sink* sink_ = nullptr;
  std::int64_t sample_offset_ = 0, newest_told_ = 0;
  std::uint64_t messages_ = 0;
};

inline GuiWire::Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline GuiWire::Bytes bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()};
}

}  // namespace vturn::simulation
