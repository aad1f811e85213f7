#include "daemon/ingest/osc.hpp"

#include <bit>

namespace vturn::ingest {
namespace {

constexpr std::size_t kWord = 4;
constexpr std::string_view kBundle("#bundle\0", 8);
constexpr std::size_t kTimeTagBytes = 8;

/// Takes OSC's items off the front of bytes: big endian, each padded to a whole number of 4 bytes.
class Items {
 public:
  explicit Items(std::string_view bytes) noexcept : rest_(bytes) {}

  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

  bool bytes(std::size_t count, std::string_view& taken) noexcept {
    if (count > rest_.size()) return false;
    taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
  }
  bool skip(std::size_t count) noexcept {
    std::string_view passed;
    return bytes(count, passed);
  }
  /// A string ends with 1 to 4 zero bytes.
  bool string(std::string_view& text) noexcept {
    const std::size_t length = rest_.find('\0');
    if (length == std::string_view::npos) return false;
    text = rest_.substr(0, length);
    return skip((length / kWord + 1) * kWord);
  }
  bool word(std::uint32_t& value) noexcept {
    std::uint64_t wide = 0;
    const bool taken = big_endian(kWord, wide);
    value = static_cast<std::uint32_t>(wide);
    return taken;
  }
  bool big_endian(std::size_t count, std::uint64_t& value) noexcept {
    std::string_view raw;
    if (!bytes(count, raw)) return false;
    value = 0;
    for (const char byte : raw) value = (value << 8) | static_cast<std::uint8_t>(byte);
    return true;
  }
  bool blob() noexcept {
    std::uint32_t size = 0;
    return word(size) && size <= rest_.size() && skip((std::size_t{size} + kWord - 1) / kWord * kWord);
  }

 private:
  std::string_view rest_;
};

bool number(char type, Items& items, double& value) noexcept {
  std::uint64_t bits = 0;
  if (!items.big_endian(type == 'i' || type == 'f' ? 4 : 8, bits)) return false;
  if (type == 'i') value = static_cast<std::int32_t>(static_cast<std::uint32_t>(bits));
  if (type == 'f') value = static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  if (type == 'h') value = static_cast<double>(static_cast<std::int64_t>(bits));
  if (type == 'd') value = std::bit_cast<double>(bits);
  return true;
}

bool argument(char type, Items& items, OscMessage& message) noexcept {
  std::string_view text;
  double value = 0;
  switch (type) {
    case 'i':
    case 'f':
    case 'h':
    case 'd':
      if (!number(type, items, value)) return false;
      if (message.count == OscMessage::kMaxNumbers) return true;
      message.types[message.count] = type;
      message.numbers[message.count++] = value;
      return true;
    case 's':
    case 'S':
      return items.string(text);
    case 'b':
      return items.blob();
    case 't':
      return items.skip(kTimeTagBytes);
    case 'c':
    case 'r':
    case 'm':
      return items.skip(kWord);
    case 'T':
    case 'F':
    case 'N':
    case 'I':
    case '[':
    case ']':
      return true;  // they have no bytes
    default:
      return false;  // of unknown length
  }
}

bool parse_message(std::string_view bytes, OscMessage& message) noexcept {
  Items items(bytes);
  std::string_view types;
  if (!items.string(message.address) || !message.address.starts_with('/')) return false;
  if (!items.string(types) || !types.starts_with(',')) return false;
  for (const char type : types.substr(1))
    if (!argument(type, items, message)) return false;
  return items.empty();
}

}  // namespace

OscPacket::OscPacket(std::string_view bytes) noexcept
    : bytes_(bytes),
      valid_(bytes.size() <= kMaxOscBytes && walk(
                                                 bytes, kMaxDepth, [](void*, const OscMessage&) noexcept {}, nullptr)) {
}

bool OscPacket::walk(std::string_view element, int depth, Visit visit, void* context) noexcept {
  if (!element.starts_with(kBundle)) {
    OscMessage message;
    if (!parse_message(element, message)) return false;
    visit(context, message);
    return true;
  }
  Items items(element.substr(kBundle.size()));
  if (depth == 0 || !items.skip(kTimeTagBytes)) return false;
  while (!items.empty()) {
    std::uint32_t size = 0;
    std::string_view inner;
    if (!items.word(size) || size % kWord != 0 || !items.bytes(size, inner) ||
        !walk(inner, depth - 1, visit, context)) {
      return false;
    }
  }
  return true;
}

}  // namespace vturn::ingest
