#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/core/expected.hpp"

namespace vturn::record {

/// Where the log's bytes go: a new file, or what stands at a fixed path (pipe, device). Opened non-blocking, so that a
/// pipe whose reader has stopped gives EAGAIN instead of holding the thread; a disk may still hold it.
class LogFile {
 public:
  /// Makes DIRECTORY/SESSION_ID.mcap (mode 0644, folders made as needed), or opens `file` when it is not empty. A
  /// regular file that exists is refused: a session is never written over.
  static Expected<LogFile> create(const std::string& directory, const std::string& session_id, const std::string& file);

  LogFile() = default;
  ~LogFile();
  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&& other) noexcept;

  struct Written {
    std::size_t bytes = 0;
    int error = 0;  ///< errno, EAGAIN for a full pipe
  };
  Written try_write(std::string_view bytes) noexcept;
  /// errno of fdatasync; 0 also where there is nothing to sync (a pipe).
  int sync() noexcept;
  /// Waits until a full pipe takes bytes again, or the time is over.
  void wait_writable(std::int64_t timeout_ns) noexcept;
  void close() noexcept;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  LogFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  int descriptor_ = -1;
  std::string path_;
};

}  // namespace vturn::record
