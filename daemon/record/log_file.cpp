#include "daemon/record/log_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "daemon/core/types.hpp"

namespace vturn::record {

namespace {

constexpr mode_t kMode = 0644;

std::string reason(const std::string& path, int error) {
  if (error == ENXIO) return path + ": nobody reads this pipe; start its reader first";
  if (error == EEXIST) return path + ": exists already; a session is never written over: give another [record] file";
  return path + ": " + std::strerror(error) + "; check [record] in the rig file";
}

// The name of a new file is safe only once its folder is.
void sync_folder(const std::filesystem::path& folder) noexcept {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

bool is_special(const std::string& path) noexcept {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

}  // namespace

Expected<LogFile> LogFile::create(const std::string& directory, const std::string& session_id,
                                  const std::string& file) {
  namespace fs = std::filesystem;
  const std::string path = file.empty() ? (fs::path(directory) / (session_id + ".mcap")).string() : file;
  if (is_special(path)) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return Error{reason(path, errno)};
    return LogFile(descriptor, path);
  }
  const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : fs::path(".");
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return Error{folder.string() + ": " + failed.message() + "; check [record] in the rig file"};
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, kMode);
  if (descriptor < 0) return Error{reason(path, errno)};
  sync_folder(folder);
  return LogFile(descriptor, path);
}

LogFile::~LogFile() { close(); }

LogFile::LogFile(LogFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

LogFile& LogFile::operator=(LogFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

LogFile::Written LogFile::try_write(std::string_view bytes) noexcept {
  Written written;
  while (written.bytes < bytes.size()) {
    const ssize_t took = ::write(descriptor_, bytes.data() + written.bytes, bytes.size() - written.bytes);
    if (took < 0 && errno == EINTR) continue;
    if (took < 0) {
      written.error = errno;
      return written;
    }
    written.bytes += static_cast<std::size_t>(took);
  }
  return written;
}

int LogFile::sync() noexcept {
  if (::fdatasync(descriptor_) == 0 || errno == EINVAL || errno == EROFS) return 0;
  return errno;
}

void LogFile::wait_writable(std::int64_t timeout_ns) noexcept {
  pollfd watched{descriptor_, POLLOUT, 0};
  ::poll(&watched, 1, static_cast<int>(timeout_ns / kNsPerMs));
}

void LogFile::close() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace vturn::record
