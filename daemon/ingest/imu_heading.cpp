#include "daemon/ingest/imu_heading.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "daemon/core/angle.hpp"

namespace vturn::ingest {
namespace {

constexpr std::array<std::string_view, 4> kQuaternion{"Quat-W", "Quat-X", "Quat-Y", "Quat-Z"};
constexpr std::string_view kYaw = "Eul-Y";
// The board's order: Eul-Y, Eul-R, Eul-P, Quat-W, Quat-X, Quat-Y, Quat-Z, ...
constexpr std::int64_t kYawChannel = 0, kQuaternionChannel = 3;
// A sensor that is starting sends zeros; one that works keeps to 1 within its 14 bits.
constexpr double kMinNorm = 0.9, kMaxNorm = 1.1;
// With the x axis within 6 degrees of the vertical, its horizontal part says nothing.
constexpr double kMinHorizontal = 0.1;
constexpr double kMaxYawDeg = 1e5;

constexpr double kNowhere = std::numeric_limits<double>::quiet_NaN();

/// Yaw of a unit quaternion's x axis, counter-clockwise about the world's z axis.
double yaw_of(double w, double x, double y, double z) noexcept {
  const double norm = std::sqrt(w * w + x * x + y * y + z * z);
  if (!(norm >= kMinNorm && norm <= kMaxNorm)) return kNowhere;
  const double east = w * w + x * x - y * y - z * z, north = 2 * (x * y + w * z);
  return std::hypot(east, north) < kMinHorizontal * norm * norm ? kNowhere : std::atan2(north, east);
}

}  // namespace

int ImuHeading::component_of(const GuiMessage& message) const noexcept {
  const bool named = !message.channel_name.empty();
  if (settings_.from == ImuSettings::From::kEuler)
    return (named ? message.channel_name == kYaw : message.channel_num == kYawChannel) ? 0 : -1;
  for (std::size_t i = 0; i < kQuaternion.size(); ++i) {
    const auto component = static_cast<int>(i);
    if (named ? message.channel_name == kQuaternion[i] : message.channel_num == kQuaternionChannel + component)
      return component;
  }
  return -1;
}

bool ImuHeading::take(const GuiMessage& message) noexcept {
  if (settings_.from == ImuSettings::From::kNone || message.num_samples > kMaxBlock) return false;
  const int component = component_of(message);
  if (component < 0) return false;
  // What is left of another block lacks a channel that was lost.
  if (message.sample_num != sample_num_ || message.num_samples != num_samples_) here_ = 0;
  sample_num_ = message.sample_num;
  num_samples_ = message.num_samples;
  auto& values = values_[static_cast<std::size_t>(component)];
  const auto count = static_cast<std::size_t>(num_samples_);
  for (std::size_t i = 0; i < count; ++i) values[i] = sample_at(message.samples, i);
  here_ |= 1U << component;
  const bool whole = here_ == (settings_.from == ImuSettings::From::kEuler ? 0b1U : 0b1111U);
  if (whole) here_ = 0;
  return whole;
}

double ImuHeading::angle_at(std::size_t index) const noexcept {
  const auto value = [&](std::size_t component) { return static_cast<double>(values_[component][index]); };
  double yaw = kNowhere;
  if (settings_.from == ImuSettings::From::kQuaternion) {
    yaw = yaw_of(value(0), value(1), value(2), value(3));
  } else if (std::fabs(value(0)) <= kMaxYawDeg) {
    yaw = value(0) * (kPi / 180.0);
  }
  if (std::isnan(yaw)) return kNowhere;
  // The smallest negative numbers wrap to themselves.
  return std::max(0.0, wrap_angle((settings_.clockwise ? -yaw : yaw) + settings_.offset_rad));
}

}  // namespace vturn::ingest
