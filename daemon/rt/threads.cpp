#include "daemon/rt/threads.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>

namespace vturn::rt {

ThreadReport set_up_thread(const char* name, int priority) {
  pthread_setname_np(pthread_self(), name);
  if (priority <= 0) return {std::string(name) + ": normal scheduling", false};
  sched_param param{};
  param.sched_priority = priority;
  const int error = pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
  if (error == 0) return {std::string(name) + ": SCHED_FIFO " + std::to_string(priority), true};
  return {std::string(name) + ": normal scheduling (SCHED_FIFO refused: " + std::strerror(error) + ")", false};
}

void give_way() noexcept { setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 10); }

bool lock_memory() { return mlockall(MCL_CURRENT | MCL_FUTURE) == 0; }

}  // namespace vturn::rt
