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

/// The calling thread gives way to the others (nice 10): for work that may take its time. Not lower: whoever is starved
/// while the kernel changes the process's memory map on its behalf keeps every other thread from doing so.
void give_way() noexcept;

/// Locks present and future pages into memory; false where the limit forbids it.
bool lock_memory();

}  // namespace vturn::rt
