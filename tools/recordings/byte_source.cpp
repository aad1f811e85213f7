#include "tools/recordings/byte_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

namespace vturn::recordings {
namespace {

static_assert(std::endian::native == std::endian::little, "recordings are little endian");

constexpr std::uint32_t kNoString = 0xFFFFFFFFU;
/// RHX's notes are the longest strings; a line or two.
constexpr std::uint32_t kLongestString = 65536;

void append_utf8(std::string& text, std::uint32_t code) {
  const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0U | (code >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0U | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

/// Unpaired surrogates become the replacement character, control characters a space.
std::string utf8_of(std::span<const std::uint8_t> utf16) {
  constexpr std::uint32_t kReplacement = 0xFFFD;
  std::string text;
  for (std::size_t i = 0; i + 1 < utf16.size(); i += 2) {
    std::uint32_t code = little<std::uint16_t>(utf16.data() + i);
    if (code >= 0xD800 && code < 0xDC00 && i + 3 < utf16.size()) {
      const std::uint32_t low = little<std::uint16_t>(utf16.data() + i + 2);
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        i += 2;
      }
    }
    const bool unpaired = code >= 0xD800 && code < 0xE000;
    append_utf8(text, unpaired ? kReplacement : code < 0x20 ? std::uint32_t{' '} : code);
  }
  return text;
}

}  // namespace

std::string printable(std::string_view text) {
  constexpr std::size_t kShown = 40;
  std::string shown(text.substr(0, kShown));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

void ByteSource::require(std::uint64_t offset, std::uint64_t bytes) const {
  if (offset > size_ || bytes > size_ - offset) {
    throw error_at(size_, "the file ends here, " + std::to_string(bytes) + " bytes are needed from byte " +
                              std::to_string(offset) + " on: it is cut off or damaged");
  }
}

void ByteSource::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  require(offset, out.size());
  if (!out.empty()) read_bytes(offset, out);
}

RecordingError ByteSource::error_at(std::uint64_t offset, const std::string& what) const {
  return RecordingError(name_ + ": byte " + std::to_string(offset) + ": " + what);
}

FileSource::FileSource(const std::filesystem::path& file) : ByteSource(file.string(), 0) {
  descriptor_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat facts {};
  const bool known = descriptor_ >= 0 && ::fstat(descriptor_, &facts) == 0;
  if (known && S_ISREG(facts.st_mode)) {
    size_ = static_cast<std::uint64_t>(facts.st_size);
    return;
  }
  const std::string why = known ? "is no file" : std::string("cannot be opened: ") + std::strerror(errno);
  if (descriptor_ >= 0) ::close(descriptor_);
  throw RecordingError(name_ + ": " + why);
}

FileSource::~FileSource() { ::close(descriptor_); }

void FileSource::read_bytes(std::uint64_t offset, std::span<std::uint8_t> out) const {
  while (!out.empty()) {
    const ssize_t got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw error_at(offset, std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0) throw error_at(offset, "the file has become shorter while it was read");
    offset += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

void MemorySource::read_bytes(std::uint64_t offset, std::span<std::uint8_t> out) const {
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
}

std::span<const std::uint8_t> Window::at(std::uint64_t offset, std::size_t bytes) {
  const bool held = offset >= begin_ && offset - begin_ <= held_ && bytes <= held_ - (offset - begin_);
  if (!held) {
    held_ = 0;
    const std::uint64_t left = offset < source_->size() ? source_->size() - offset : 0;
    const auto ahead = static_cast<std::size_t>(std::min<std::uint64_t>(room_, left));
    const std::size_t wanted = std::max(bytes, ahead);
    source_->require(offset, wanted);
    buffer_.resize(std::max(buffer_.size(), wanted));
    source_->read(offset, std::span(buffer_).first(wanted));
    begin_ = offset;
    held_ = wanted;
  }
  return std::span<const std::uint8_t>(buffer_).subspan(static_cast<std::size_t>(offset - begin_), bytes);
}

std::span<const std::uint8_t> FieldReader::take(std::size_t bytes) {
  last_ = offset_;
  if (bytes > window_.source().size() - offset_) {
    throw window_.source().error_at(window_.source().size(),
                                    "the file ends inside its " + where_ + ": it is cut off or damaged");
  }
  const auto taken = window_.at(offset_, bytes);
  offset_ += bytes;
  return taken;
}

std::string FieldReader::qt_string() {
  const auto bytes = number<std::uint32_t>();
  if (bytes == kNoString || bytes == 0) return {};
  if (bytes > kLongestString || bytes % 2 != 0) {
    throw error("a text of " + std::to_string(bytes) + " bytes in the " + where_ + ": the file is damaged");
  }
  return utf8_of(take(bytes));
}

std::string FieldReader::c_string(std::size_t longest) {
  std::string text;
  while (const char letter = static_cast<char>(take(1)[0])) {
    if (text.size() == longest) throw error("a text of the " + where_ + " does not end: the file is damaged");
    text += letter;
  }
  return text;
}

RecordingError FieldReader::error(const std::string& what) const { return window_.source().error_at(last_, what); }

}  // namespace vturn::recordings
