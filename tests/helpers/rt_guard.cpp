#include "tests/helpers/rt_guard.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <cerrno>
#include <cstddef>

namespace {

// initial-exec: the first access of a thread must not itself allocate.
#define VTURN_THREAD_LOCAL thread_local __attribute__((tls_model("initial-exec")))
VTURN_THREAD_LOCAL int depth = 0;
VTURN_THREAD_LOCAL vturn::test::RtCounts counted{};

using MutexFunction = int (*)(pthread_mutex_t*);

MutexFunction next_mutex_function(const char* name) noexcept {
  return reinterpret_cast<MutexFunction>(dlsym(RTLD_NEXT, name));
}

void count_allocation() noexcept {
  if (depth > 0) ++counted.allocations;
}

}  // namespace

extern "C" {

void* __libc_malloc(std::size_t);
void __libc_free(void*);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) noexcept {
  count_allocation();
  return __libc_malloc(size);
}

void free(void* block) noexcept {
  if (depth > 0 && block != nullptr) ++counted.frees;
  __libc_free(block);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  count_allocation();
  return __libc_calloc(count, size);
}

void* realloc(void* block, std::size_t size) noexcept {
  count_allocation();
  return __libc_realloc(block, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  count_allocation();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  count_allocation();
  *block = __libc_memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static const MutexFunction next = next_mutex_function("pthread_mutex_lock");
  if (depth > 0) ++counted.locks;
  return next(mutex);
}

int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  static const MutexFunction next = next_mutex_function("pthread_mutex_trylock");
  if (depth > 0) ++counted.locks;
  return next(mutex);
}

}  // extern "C"

namespace vturn::test {

RtSection::RtSection() noexcept { ++depth; }
RtSection::~RtSection() noexcept { --depth; }
RtCounts RtSection::counts() noexcept { return counted; }
void reset_rt_counts() noexcept { counted = RtCounts{}; }

}  // namespace vturn::test
