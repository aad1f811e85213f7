#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vturn::tools {

/// A child process whose output goes to a file; ended by pid, never by name.
class Process {
 public:
  Process(const std::vector<std::string>& command, const std::filesystem::path& log);
  ~Process();  ///< kills what still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Exit code (128 + signal when it was killed); nothing when it still runs after `limit`.
  std::optional<int> wait(std::chrono::milliseconds limit);
  [[nodiscard]] std::string output() const;
  /// True once `text` stands in its output; false after `limit` or when it has ended without.
  bool wait_for_output(const std::string& text, std::chrono::milliseconds limit);

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
  std::filesystem::path log_;
};

struct Finished {
  int code;
  std::string output;
};
/// Runs a command to its end (at most `limit`, else code -1).
Finished run(const std::vector<std::string>& command, std::chrono::seconds limit = std::chrono::seconds(120));

/// A folder of its own, removed with the object.
class ScratchDir {
 public:
  ScratchDir();
  ~ScratchDir();
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// TCP ports of the loopback that nothing listens on now.
std::vector<int> free_ports(std::size_t count);

}  // namespace vturn::tools
