#include "daemon/pipeline/new_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace vturn {
namespace {

namespace fs = std::filesystem;

constexpr int kMostNames = 10'000;

bool write_whole(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(descriptor) == 0;
}

bool write_temporary(const std::string& path, std::string_view content) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return false;
  const bool whole = write_whole(descriptor, content);
  return ::close(descriptor) == 0 && whole;
}

/// False with errno EEXIST: the name is taken.
bool give_name(const std::string& temporary, const std::string& path) {
  if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  // A file system without that call; only another vturnd in this folder could come between.
  if (fs::exists(path)) {
    errno = EEXIST;
    return false;
  }
  return std::rename(temporary.c_str(), path.c_str()) == 0;
}

void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

Error failed(const fs::path& path) { return Error{path.string() + ": cannot be written: " + std::strerror(errno)}; }

}  // namespace

Expected<std::string> write_new_file(const std::string& folder, const std::string& stem, const std::string& suffix,
                                     std::string_view content) {
  std::error_code error;
  const fs::path in = fs::absolute(folder.empty() ? "." : folder, error).lexically_normal();
  fs::create_directories(in, error);
  const std::string temporary = (in / (stem + suffix + ".part-" + std::to_string(::getpid()))).string();
  if (!write_temporary(temporary, content)) {
    const Error why = failed(in / (stem + suffix));
    ::unlink(temporary.c_str());
    return why;
  }
  for (int number = 1; number <= kMostNames; ++number) {
    const fs::path path = in / (stem + (number == 1 ? "" : "-" + std::to_string(number)) + suffix);
    if (give_name(temporary, path.string())) {
      sync_folder(in);
      return path.string();
    }
    if (errno != EEXIST) break;
  }
  const Error why = failed(in / (stem + suffix));
  ::unlink(temporary.c_str());
  return why;
}

}  // namespace vturn
