#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace vturn::wire {

/// Text within a value that is copied as bytes; what is too long is cut between characters.
template <std::size_t capacity>
class FixedText {
 public:
  FixedText& operator=(std::string_view text) noexcept {
    size_ = std::min(text.size(), capacity);
    while (size_ < text.size() && size_ > 0 && (static_cast<unsigned char>(text[size_]) & 0xC0U) == 0x80U) --size_;
    std::copy_n(text.begin(), size_, text_.begin());
    return *this;
  }
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }
  static constexpr std::size_t max_size() noexcept { return capacity; }

 private:
  std::array<char, capacity> text_{};
  std::size_t size_ = 0;
};

enum class CalibrationState : std::uint8_t { kIdle = 0, kCollecting, kFitting, kDone, kRefused };

/// vturn.v1.Calibration as plain values, so that it passes between threads without allocating.
struct CalibrationSnapshot {
  CalibrationState state = CalibrationState::kIdle;
  bool begun = false;  ///< a calibration was started in this session: there is something to tell
  bool waits_for_wake = false;
  bool full = false;
  double heading_s = 0.0;
  std::uint64_t spikes = 0;
  std::uint32_t units = 0;
  std::uint32_t units_ready = 0;
  std::array<float, 12> sector_s{};
  std::uint64_t lost = 0;
  double share_fitted = 0.0;
  FixedText<256> missing, reason;
  FixedText<512> model_file;
  std::uint32_t model_units = 0;
  double median_abs_error_deg = 0.0;
  double mean_abs_error_deg = 0.0;
  double p90_abs_error_deg = 0.0;
  double coverage_95 = 0.0;
  double memoryless_200ms_median_abs_error_deg = 0.0;
};
static_assert(std::is_trivially_copyable_v<CalibrationSnapshot>);

}  // namespace vturn::wire
