#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <new>
#include <stdexcept>

namespace vturn::plugins {

/// What the daemon and whoever keeps its sockets tell each other without a call: one page of memory that outlives
/// both.
struct KeptPage {
  static constexpr std::uint64_t kMagic = 0x3176'7475'726e'7268ULL;  // "vturnrh1"

  std::uint64_t magic = kMagic;
  std::atomic<std::int64_t> read_mono_ns{0};    ///< when the daemon last read; the reader's own clock
  std::atomic<std::int64_t> next_sample{0};     ///< that it expected then, 0 = none yet
  std::atomic<std::uint64_t> channels_hash{0};  ///< of what it had RHX send, 0 = not yet
  std::atomic<std::uint64_t> drained_bytes{0};  ///< that the keeper read in the daemon's stead
};

/// A KeptPage in a memory file, whose descriptor can be kept by others.
class SharedPage {
 public:
  /// A new one. Throws std::runtime_error when there is no memory.
  SharedPage() : SharedPage(memfd_create("vturn-rhx", MFD_CLOEXEC), true) {}
  /// One that was kept. Throws std::runtime_error when it is something else.
  explicit SharedPage(int fd) : SharedPage(fd, false) {}
  ~SharedPage();
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;

  KeptPage* operator->() noexcept { return page_; }
  const KeptPage* operator->() const noexcept { return page_; }
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  SharedPage(int fd, bool fresh);

  int fd_;
  KeptPage* page_ = nullptr;
};

}  // namespace vturn::plugins
