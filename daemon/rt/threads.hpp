#pragma once

#include <string>

namespace vturn::rt {

/// What a thread asked of the kernel and what it got: one line for the start-up report.
struct ThreadReport {
  std::string line;
  bool real_time = false;
};

/// Names the calling thread and asks for SCHED_FIFO at `priority` (0 = leave it as it is). Refusal is reported, not
/// fatal: a laptop without the permission still runs, with the latency of a normal thread.
ThreadReport set_up_thread(const char* name, int priority);

/// The calling thread gives way to every other one (nice 19): for work that may take its time.
void give_way() noexcept;

/// Locks present and future pages into memory; false where the limit forbids it.
bool lock_memory();

}  // namespace vturn::rt
