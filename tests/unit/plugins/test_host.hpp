#pragma once

#include <dlfcn.h>

#include <array>
#include <atomic>
#include <bit>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/core/input_event.hpp"
#include "daemon/ingest/session_clock.hpp"
#include "plugins/api/vturn_plugin.h"

namespace vturn::test {

/// The plugin of build/lib/vturn/<type>.so. It stays loaded.
inline const vturn_plugin& load(const std::string& type) {
  const std::string path = std::string(VTURN_PLUGIN_DIRECTORY) + "/" + type + ".so";
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  INFO(path);
  REQUIRE(handle != nullptr);
  void* entry = dlsym(handle, "vturn_plugin_entry");
  REQUIRE(entry != nullptr);
  return *reinterpret_cast<vturn_plugin_entry_function>(entry)();
}

/// The smallest host: keeps what a plugin pushes, logs and counts, and owns a session clock.
class TestHost {
 public:
  TestHost() {
    host_ = {VTURN_ABI_VERSION,
             sizeof(vturn_host),
             this,
             0,
             0,
             now,
             push,
             log,
             counter_set,
             gauge_set,
             [](void*, const char*) {},
             clock_publish,
             clock_ttl,
             clock_map,
             clock_ttl_edges};
  }
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  [[nodiscard]] const vturn_host& host() const { return host_; }
  ingest::SessionClock clock;

  [[nodiscard]] std::vector<InputEvent> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  [[nodiscard]] std::size_t count(InputKind kind) const {
    const std::lock_guard lock(mutex_);
    std::size_t n = 0;
    for (const auto& event : events_) n += event.kind == kind ? 1U : 0U;
    return n;
  }
  [[nodiscard]] std::size_t pushes() const {
    const std::lock_guard lock(mutex_);
    return pushes_;
  }
  /// Pushes whose last event does not end a burst, and events that end one without being a push's last.
  [[nodiscard]] std::size_t misplaced_ends() const { return misplaced_ends_; }
  [[nodiscard]] std::string log_text() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  [[nodiscard]] std::uint64_t counter(std::uint32_t id) const { return counters_[id]; }

 private:
  static TestHost& self(void* context) { return *static_cast<TestHost*>(context); }
  static std::int64_t now(void*) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  static std::uint32_t push(void* context, const vturn_event* events, std::uint32_t count) {
    TestHost& host = self(context);
    const std::lock_guard lock(host.mutex_);
    ++host.pushes_;
    for (std::uint32_t i = 0; i < count; ++i) {
      const bool ends = (events[i].flags & VTURN_FLAG_BURST_END) != 0;
      if (ends != (i + 1 == count)) ++host.misplaced_ends_;
      host.events_.push_back(std::bit_cast<InputEvent>(events[i]));
    }
    return count;
  }
  static void log(void* context, std::int32_t, const char* text) {
    const std::lock_guard lock(self(context).mutex_);
    self(context).log_ += std::string(text) + "\n";
  }
  static void counter_set(void* context, std::uint32_t id, std::uint64_t value) { self(context).counters_[id] = value; }
  static void gauge_set(void*, std::uint32_t, double) {}
  static void clock_publish(void* context, std::int64_t mono_ns, std::int64_t session_ns, std::uint32_t epoch) {
    self(context).clock.publish(mono_ns, session_ns, epoch);
  }
  static void clock_ttl(void* context, std::uint32_t line, std::int64_t session_ns) {
    self(context).clock.ttl_edge(line, session_ns);
  }
  static std::int32_t clock_map(void* context, std::int64_t mono_ns, std::int64_t* session_ns,
                                std::int64_t* uncertainty_ns) {
    const auto mapped = self(context).clock.map(mono_ns);
    if (mapped.epoch_plus_one == 0) return 0;
    *session_ns = mapped.session_ns;
    *uncertainty_ns = mapped.uncertainty_ns;
    return static_cast<std::int32_t>(mapped.epoch_plus_one);
  }
  static std::uint32_t clock_ttl_edges(void* context, std::uint32_t line, std::uint64_t* cursor,
                                       std::int64_t* session_ns, std::uint32_t capacity) {
    return self(context).clock.ttl_edges(line, *cursor, session_ns, capacity);
  }

  vturn_host host_{};
  mutable std::mutex mutex_;
  std::vector<InputEvent> events_;
  std::size_t pushes_ = 0;
  std::atomic<std::size_t> misplaced_ends_{0};
  std::string log_;
  std::array<std::atomic<std::uint64_t>, VTURN_COUNTER_END> counters_{};
};

/// A source instance from create to destroy.
class RunningSource {
 public:
  RunningSource(const vturn_plugin& plugin, TestHost& host, const std::string& config) : functions_(*plugin.source) {
    std::array<char, 512> error{};
    instance_ = functions_.create(&host.host(), config.c_str(), error.data(), error.size());
    INFO(error.data());
    REQUIRE(instance_ != nullptr);
    REQUIRE(functions_.start(instance_, error.data(), error.size()) == 0);
  }
  ~RunningSource() {
    stop();
    functions_.destroy(instance_);
  }
  RunningSource(const RunningSource&) = delete;
  RunningSource& operator=(const RunningSource&) = delete;
  void stop() { functions_.stop(instance_); }
  [[nodiscard]] void* instance() const { return instance_; }

 private:
  const vturn_source_functions& functions_;
  void* instance_ = nullptr;
};

/// Waits until it is so; gives up (and fails) after a time that only a hung program takes.
inline void wait_for(const char* what, const std::function<bool()>& reached) {
  for (int i = 0; i < 6000 && !reached(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  INFO("waiting for " << what);
  REQUIRE(reached());
}

/// The error line of a create that has to fail.
inline std::string source_refusal(const vturn_plugin& plugin, const std::string& config) {
  TestHost host;
  std::array<char, 512> error{};
  CHECK(plugin.source->create(&host.host(), config.c_str(), error.data(), error.size()) == nullptr);
  return error.data();
}
inline std::string output_refusal(const vturn_plugin& plugin, const std::string& config) {
  TestHost host;
  std::array<char, 512> error{};
  CHECK(plugin.output->create(&host.host(), config.c_str(), nullptr, error.data(), error.size()) == nullptr);
  return error.data();
}

}  // namespace vturn::test
