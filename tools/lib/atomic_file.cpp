#include "tools/lib/atomic_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace vturn::tools {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw std::runtime_error(file.string() + ": " + what);
}

std::string reason() { return std::strerror(errno); }

/// fsync of a path: of the file before the rename, of the folder after it, so that a power cut keeps one or the other.
bool sync_path(const std::filesystem::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  return synced;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path target)
    : target_(std::move(target)), temporary_(target_.string() + ".part-" + std::to_string(::getpid())) {
  stream_ = std::make_unique<std::ofstream>(temporary_, std::ios::binary | std::ios::trunc);
  if (!*stream_) fail(target_, "cannot be written (" + reason() + "); check that its folder exists");
}

AtomicFile::~AtomicFile() {
  if (!stream_) return;
  stream_.reset();
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

void AtomicFile::commit() {
  stream_->flush();
  if (!*stream_) fail(target_, "cannot be written (" + reason() + ")");
  if (!sync_path(temporary_, O_RDONLY)) fail(target_, "cannot be brought to disk (" + reason() + ")");
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail(target_, "cannot be replaced (" + reason() + ")");
  stream_.reset();
  const auto folder = target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
  sync_path(folder, O_RDONLY | O_DIRECTORY);
}

void write_file_atomically(const std::filesystem::path& target, std::string_view content) {
  AtomicFile file(target);
  file.stream().write(content.data(), static_cast<std::streamsize>(content.size()));
  file.commit();
}

std::string read_file(const std::filesystem::path& file, std::size_t max_bytes) {
  std::ifstream in(file, std::ios::binary);
  if (!in) fail(file, "cannot be opened; check the path and that it may be read");
  std::string content;
  std::string block(64 * 1024, '\0');
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    content.append(block, 0, static_cast<std::size_t>(in.gcount()));
    if (content.size() > max_bytes) fail(file, "is larger than " + std::to_string(max_bytes) + " bytes");
  }
  if (in.bad()) fail(file, "cannot be read");
  return content;
}

}  // namespace vturn::tools
