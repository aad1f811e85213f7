#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace vturn::ingest {

inline constexpr std::size_t kMaxOscBytes = 2048;

/// One message of an OSC 1.0 packet. Views: they live as long as the packet's bytes.
struct OscMessage {
  static constexpr std::size_t kMaxNumbers = 8;

  std::string_view address;
  /// Arguments that are numbers (int32, int64, float, double), in order; strings, blobs and the rest are passed over.
  std::array<double, kMaxNumbers> numbers{};
  std::array<char, kMaxNumbers> types{};  ///< 'i', 'h', 'f' or 'd' of each
  std::size_t count = 0;                  ///< of numbers, those beyond kMaxNumbers left out
};

/// Reads an OSC packet: a message, or a bundle of messages and bundles. The packet is checked whole before anything of
/// it is given. Pure, no allocation, any bytes are safe.
class OscPacket {
 public:
  explicit OscPacket(std::string_view bytes) noexcept;

  [[nodiscard]] bool valid() const noexcept { return valid_; }
  /// Calls `each(const OscMessage&)` for every message, in order; nothing when the packet is not valid.
  template <class Each>
  void for_each(Each&& each) const noexcept {
    if (!valid_) return;
    using Visitor = std::remove_reference_t<Each>;
    walk(
        bytes_, kMaxDepth,
        [](void* context, const OscMessage& message) noexcept { (*static_cast<Visitor*>(context))(message); }, &each);
  }

 private:
  static constexpr int kMaxDepth = 4;  ///< of bundles in bundles
  using Visit = void (*)(void* context, const OscMessage& message) noexcept;

  static bool walk(std::string_view element, int depth, Visit visit, void* context) noexcept;

  std::string_view bytes_;
  bool valid_;
};

}  // namespace vturn::ingest
