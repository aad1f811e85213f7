#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace vturn::tools {

/// CPU time that a thread has used so far.
struct ThreadUsage {
  pid_t id = 0;
  std::string name;
  double cpu_s = 0.0;
};

/// What a running process uses, from /proc. Empty or 0 when it is gone.
std::vector<ThreadUsage> thread_usage(pid_t process);
double resident_mib(pid_t process);

/// Of the calling thread.
double own_cpu_s();

}  // namespace vturn::tools
