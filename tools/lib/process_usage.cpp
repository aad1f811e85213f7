#include "tools/lib/process_usage.hpp"

#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace vturn::tools {
namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

/// The line of /proc/PID/task/TID/stat; the name stands in parentheses and may hold anything.
ThreadUsage parse_stat(const std::string& stat) {
  ThreadUsage usage;
  const auto open = stat.find('('), close = stat.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return usage;
  usage.name = stat.substr(open + 1, close - open - 1);
  std::istringstream fields(stat.substr(close + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user_ticks = 0.0, system_ticks = 0.0;
  fields >> user_ticks >> system_ticks;
  usage.cpu_s = (user_ticks + system_ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return usage;
}

}  // namespace

std::vector<ThreadUsage> thread_usage(pid_t process) {
  std::vector<ThreadUsage> all;
  std::error_code gone;
  const std::filesystem::path tasks = "/proc/" + std::to_string(process) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
    ThreadUsage usage = parse_stat(text_of(task.path() / "stat"));
    usage.id = static_cast<pid_t>(std::stol(task.path().filename().string()));
    all.push_back(std::move(usage));
  }
  return all;
}

double resident_mib(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string word; status >> word;) {
    double kib = 0.0;
    if (word == "VmRSS:" && status >> kib) return kib / 1024.0;
  }
  return 0.0;
}

double own_cpu_s() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace vturn::tools
