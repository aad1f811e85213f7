#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace vturn::recordings {

/// Bad recording: one line, "file: byte N: what, what to do".
struct RecordingError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Bytes that can be read anywhere, a window at a time: recordings are larger than memory. Reads that go wrong throw
/// RecordingError with the file and the byte.
class ByteSource {
 public:
  ByteSource() = default;
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Fills `out`; asking beyond the end is an error at the end's offset.
  void read(std::uint64_t offset, std::span<std::uint8_t> out) const;
  /// Throws unless the file has so many bytes from `offset` on.
  void require(std::uint64_t offset, std::uint64_t bytes) const;
  [[nodiscard]] RecordingError error_at(std::uint64_t offset, const std::string& what) const;

 protected:
  ByteSource(std::string name, std::uint64_t size) : name_(std::move(name)), size_(size) {}
  virtual void read_bytes(std::uint64_t offset, std::span<std::uint8_t> out) const = 0;

  std::string name_;
  std::uint64_t size_ = 0;
};

/// A file, by pread: a mapped file that somebody shortens, or a network drive that goes away, would kill the process.
class FileSource : public ByteSource {
 public:
  explicit FileSource(const std::filesystem::path& file);
  ~FileSource() override;

 private:
  void read_bytes(std::uint64_t offset, std::span<std::uint8_t> out) const override;

  int descriptor_ = -1;
};

/// Bytes in memory that outlive it (tests, fuzzing).
class MemorySource : public ByteSource {
 public:
  MemorySource(std::span<const std::uint8_t> bytes, std::string name)
      : ByteSource(std::move(name), bytes.size()), bytes_(bytes) {}

 private:
  void read_bytes(std::uint64_t offset, std::span<std::uint8_t> out) const override;

  std::span<const std::uint8_t> bytes_;
};

/// A window of a source that moves along: sequential small reads cost few system calls.
class Window {
 public:
  static constexpr std::size_t kBytes = std::size_t{1} << 20;

  explicit Window(const ByteSource& source, std::size_t bytes = kBytes) : source_(&source), room_(bytes) {}

  /// `bytes` bytes from `offset`; valid until the next call. At most the window's room, or one larger piece at a time.
  std::span<const std::uint8_t> at(std::uint64_t offset, std::size_t bytes);
  [[nodiscard]] const ByteSource& source() const noexcept { return *source_; }

 private:
  const ByteSource* source_;
  std::size_t room_;
  std::vector<std::uint8_t> buffer_;
  std::uint64_t begin_ = 0;
  std::size_t held_ = 0;
};

/// Text of a damaged file in a message: one line of plain letters.
std::string printable(std::string_view text);

/// A little-endian number at `at`.
template <class T>
T little(const std::uint8_t* at) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// Reads the fields of a file's header one after another.
class FieldReader {
 public:
  /// `where` is what errors say is being read ("header").
  FieldReader(const ByteSource& source, std::string where) : window_(source, 65536), where_(std::move(where)) {}

  template <class T>
  T number() {
    return little<T>(take(sizeof(T)).data());
  }
  /// Qt's string: u32 length in bytes (0xFFFFFFFF = none), UTF-16LE; returned as UTF-8.
  std::string qt_string();
  /// Characters up to a NUL, at most `longest` of them.
  std::string c_string(std::size_t longest);
  std::span<const std::uint8_t> take(std::size_t bytes);

  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  /// An error about the field that was read last.
  [[nodiscard]] RecordingError error(const std::string& what) const;

 private:
  Window window_;
  std::string where_;
  std::uint64_t offset_ = 0;
  std::uint64_t last_ = 0;  ///< where the field read last begins
};

}  // namespace vturn::recordings
