#pragma once

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

namespace vturn::tools {

/// A file that appears whole or not at all: written beside its target, then fsync and rename in commit(). Without
/// commit() (an error, Ctrl-C) the target stays as it was and the temporary is removed. Failures throw
/// std::runtime_error naming the file.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  [[nodiscard]] std::ostream& stream() noexcept { return *stream_; }
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  std::unique_ptr<std::ostream> stream_;
};

void write_file_atomically(const std::filesystem::path& target, std::string_view content);

/// The whole file, at most `max_bytes` of it being allowed.
std::string read_file(const std::filesystem::path& file, std::size_t max_bytes);

}  // namespace vturn::tools
