#pragma once

#include <array>
#include <cstdint>

#include "daemon/ingest/gui_message.hpp"

namespace vturn::ingest {

struct ImuSettings {
  enum class From : std::uint8_t { kNone, kEuler, kQuaternion };
  From from = From::kNone;
  bool clockwise = false;  ///< the turn, seen from above, in which its yaw grows
  double offset_rad = 0;   ///< added at the end, counter-clockwise positive
};

/// Head direction of the inertial sensor on a 3-D headstage: an acquisition board's stream of 100 Hz (IMU_port_A..D)
/// through a ZMQ Interface of its own. Yaw is channel Eul-Y (degrees), or that of the sensor's x axis in the world's
/// horizontal plane by Quat-W, -X, -Y, -Z. Channels go by name, in streams without names by the board's order.
class ImuHeading {
 public:
  /// Ten seconds of the stream; the GUI's longest block is a quarter.
  static constexpr std::int64_t kMaxBlock = 1024;

  explicit ImuHeading(ImuSettings settings) noexcept : settings_(settings) {}

  /// A block of one channel. Calls `each(sample number, angle_rad)` for every sample once all channels of the block are
  /// here, [0, 2π), counter-clockwise positive; NaN where the sensor says no direction.
  template <class Each>
  void block(const GuiMessage& message, Each&& each) noexcept {
    if (!take(message)) return;
    for (std::int64_t i = 0; i < message.num_samples; ++i)
      each(message.sample_num + i, angle_at(static_cast<std::size_t>(i)));
  }

 private:
  [[nodiscard]] int component_of(const GuiMessage& message) const noexcept;
  /// True when the block is whole.
  bool take(const GuiMessage& message) noexcept;
  [[nodiscard]] double angle_at(std::size_t index) const noexcept;

  ImuSettings settings_;
  std::array<std::array<float, kMaxBlock>, 4> values_;  ///< not cleared: read where `here_` says so
  std::int64_t sample_num_ = 0, num_samples_ = 0;
  unsigned here_ = 0;  ///< bits of the components of this block that have come
};

}  // namespace vturn::ingest
