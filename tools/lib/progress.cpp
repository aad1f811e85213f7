#include "tools/lib/progress.hpp"

#include <unistd.h>

#include <algorithm>

namespace vturn::tools {

Progress::Progress(std::string label, std::uint64_t total, std::FILE* out)
    : label_(std::move(label)),
      total_(total),
      out_(out),
      terminal_(::isatty(::fileno(out)) == 1),
      start_(Clock::now()),
      last_(start_) {}

Progress::~Progress() { finish(); }

void Progress::update(std::uint64_t done) {
  done_ = done;
  const auto now = Clock::now();
  const auto interval = terminal_ ? std::chrono::milliseconds(500) : std::chrono::milliseconds(5000);
  if (now - last_ < interval) return;
  last_ = now;
  print(now);
}

void Progress::print(Clock::time_point now) {
  const double elapsed_s = std::chrono::duration<double>(now - start_).count();
  const char* const before = terminal_ ? "\r\033[K" : "";
  const char* const after = terminal_ ? "" : "\n";
  if (total_ == 0) {
    std::fprintf(out_, "%s%s: %llu, %.0f s%s", before, label_.c_str(), static_cast<unsigned long long>(done_),
                 elapsed_s, after);
  } else {
    const double share = std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
    const double left_s = share > 0.0 ? elapsed_s * (1.0 - share) / share : 0.0;
    std::fprintf(out_, "%s%s: %3.0f %%, %.0f s, about %.0f s left%s", before, label_.c_str(), 100.0 * share, elapsed_s,
                 left_s, after);
  }
  std::fflush(out_);
  printed_ = true;
}

void Progress::finish() {
  if (printed_ && terminal_) {
    std::fputs("\r\033[K", out_);
    std::fflush(out_);
  }
  printed_ = false;
}

}  // namespace vturn::tools
