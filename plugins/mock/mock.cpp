// An output without a device: for rehearsals and tests. Counts pulses, can fail on purpose, can keep a log file, which
// a worker writes: the decision thread only puts a record into a ring.
#include <array>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "plugins/common/config.hpp"
#include "plugins/common/instance.hpp"

namespace vturn::plugins {
namespace {

struct Record {
  const char* what;
  std::int64_t session_time_ns;
  std::int64_t mono_ns;
  std::uint32_t trigger_id;
  float pulse_ms;
};

/// Writes records to a CSV file from its own thread. One producer; what does not fit is counted in the last line.
class LogFile {
 public:
  LogFile(const std::string& path, const vturn_host& host)
      : host_(host), file_(std::fopen(path.c_str(), "w"), &std::fclose) {
    if (!file_) throw std::runtime_error("mock output: cannot write " + path);
    std::fputs("what,trigger_id,session_time_ns,mono_ns,pulse_ms\n", file_.get());
    worker_ = std::thread([this] { run(); });
  }
  ~LogFile() {
    stop_.store(true, std::memory_order_release);
    worker_.join();
    write_new();
    if (lost_ > 0) std::fprintf(file_.get(), "lost,%" PRIu64 ",,,\n", lost_);
  }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  void put(const Record& record) noexcept {
    const std::uint64_t written = written_.load(std::memory_order_relaxed);
    if (written - read_.load(std::memory_order_acquire) == ring_.size()) {
      ++lost_;
      return;
    }
    ring_[written % ring_.size()] = record;
    written_.store(written + 1, std::memory_order_release);
  }

 private:
  void run() {
    host_.thread_enter(host_.context, "mock-log");
    while (!stop_.load(std::memory_order_acquire)) {
      write_new();
      std::fflush(file_.get());
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  void write_new() {
    std::uint64_t next = read_.load(std::memory_order_relaxed);
    for (const std::uint64_t end = written_.load(std::memory_order_acquire); next != end; ++next) {
      const Record& record = ring_[next % ring_.size()];
      std::fprintf(file_.get(), "%s,%" PRIu32 ",%" PRId64 ",%" PRId64 ",%g\n", record.what, record.trigger_id,
                   record.session_time_ns, record.mono_ns, static_cast<double>(record.pulse_ms));
    }
    read_.store(next, std::memory_order_release);
  }

  const vturn_host& host_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::array<Record, 4096> ring_{};
  std::atomic<std::uint64_t> written_{0}, read_{0};
  std::uint64_t lost_ = 0;
  std::atomic<bool> stop_{false};
  std::thread worker_;
};

class MockOutput {
 public:
  MockOutput(const vturn_host& host, const char* text) : host_(host) {
    const Config config(text);
    fail_every_ = static_cast<std::uint64_t>(config.integer("fail_every", 0, 0, 1'000'000));
    self_test_fails_ = config.flag("fail_self_test", false);
    const std::string path = config.text("file", "");
    if (!path.empty()) log_ = std::make_unique<LogFile>(path, host);
  }

  void self_test() const {
    if (self_test_fails_)
      throw std::runtime_error("mock output: self-test fails as configured (fail_self_test = true)");
  }

  std::int32_t fire(const vturn_pulse& pulse) noexcept {
    ++fired_;
    const bool fails = fail_every_ != 0 && fired_ % fail_every_ == 0;
    const bool sham = pulse.kind == VTURN_PULSE_SHAM;
    note({fails  ? "fail"
          : sham ? "sham"
                 : "fire",
          pulse.session_time_ns, host_.mono_now_ns(host_.context), pulse.trigger_id, pulse.pulse_ms});
    if (fails) return VTURN_RESULT_FAILED;
    return sham ? VTURN_RESULT_SHAM : VTURN_RESULT_FIRED;
  }

  std::int32_t stop(std::uint32_t trigger_id) noexcept {
    note({"stop", 0, host_.mono_now_ns(host_.context), trigger_id, 0.0F});
    return VTURN_RESULT_STOPPED;
  }

 private:
  void note(const Record& record) noexcept {
    if (log_) log_->put(record);
  }

  const vturn_host& host_;
  std::uint64_t fail_every_ = 0;
  bool self_test_fails_ = false;
  std::uint64_t fired_ = 0;
  std::unique_ptr<LogFile> log_;
};

constexpr vturn_plugin kPlugin = {VTURN_ABI_VERSION, sizeof(vturn_plugin), "mock", nullptr,
                                  &kOutputFunctions<MockOutput>};

}  // namespace
}  // namespace vturn::plugins

const vturn_plugin* vturn_plugin_entry(void) { return &vturn::plugins::kPlugin; }
