#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace vturn::test {

using Bytes = std::vector<std::uint8_t>;

/// Little-endian fields one after another.
class ByteWriter {
 public:
  template <class T>
  ByteWriter& number(T value) {
    const auto* at = reinterpret_cast<const std::uint8_t*>(&value);
    bytes_.insert(bytes_.end(), at, at + sizeof value);
    return *this;
  }
  ByteWriter& i16(int value) { return number(static_cast<std::int16_t>(value)); }
  ByteWriter& u16(unsigned value) { return number(static_cast<std::uint16_t>(value)); }
  ByteWriter& u32(std::uint32_t value) { return number(value); }
  ByteWriter& f32(double value) { return number(static_cast<float>(value)); }
  ByteWriter& text(std::string_view value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }
  ByteWriter& c_string(std::string_view value) { return text(value).number(std::uint8_t{0}); }
  /// Qt's: u32 length in bytes, UTF-16. ASCII only.
  ByteWriter& qt(std::string_view value) {
    u32(static_cast<std::uint32_t>(2 * value.size()));
    for (const char letter : value) u16(static_cast<unsigned char>(letter));
    return *this;
  }
  ByteWriter& append(const Bytes& more) {
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    return *this;
  }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

/// A folder of its own that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    static std::atomic<int> made{0};
    path_ = std::filesystem::temp_directory_path() /
            ("vturn-recordings-" + std::to_string(::getpid()) + "-" + std::to_string(made++));
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const Bytes& bytes) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return file;
  }
  std::filesystem::path write(const std::string& name, std::string_view text) const {
    return write(name, Bytes(text.begin(), text.end()));
  }

 private:
  std::filesystem::path path_;
};

inline Bytes bytes_of_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

}  // namespace vturn::test
