#pragma once

#include <cstdint>
#include <cstdio>
#include <exception>
#include <type_traits>

#include "plugins/api/vturn_plugin.h"

namespace vturn::plugins {

/// `text` as the one error line that the interface asks for.
inline void set_error(char* error, std::size_t error_size, const char* text) noexcept {
  if (error != nullptr && error_size > 0) std::snprintf(error, error_size, "%s", text);
}

/// Runs set-up code at the interface, where nothing thrown may pass: 0, or -1 and the error line.
template <class Step>
std::int32_t guarded(char* error, std::size_t error_size, Step&& step) noexcept {
  try {
    step();
    return 0;
  } catch (const std::exception& problem) {
    set_error(error, error_size, problem.what());
  } catch (...) {
    set_error(error, error_size, "unknown failure");
  }
  return -1;
}

/// A source's mark function, nullptr when the class has no mark().
template <class Source>
constexpr auto mark_of() -> void (*)(void*, const char*) {
  if constexpr (requires(Source & source) { source.mark(""); }) {
    return [](void* instance, const char* text) { static_cast<Source*>(instance)->mark(text); };
  }
  return nullptr;
}

/// The interface's functions of a source class with start() and stop(), made from (host, configuration). It takes marks
/// when it has mark().
template <class Source>
inline constexpr vturn_source_functions kSourceFunctions = {
    [](const vturn_host* host, const char* config, char* error, std::size_t error_size) -> void* {
      void* instance = nullptr;
      guarded(error, error_size, [&] { instance = new Source(*host, config); });
      return instance;
    },
    [](void* instance, char* error, std::size_t error_size) -> std::int32_t {
      return guarded(error, error_size, [&] { static_cast<Source*>(instance)->start(); });
    },
    [](void* instance) { static_cast<Source*>(instance)->stop(); },
    [](void* instance) { delete static_cast<Source*>(instance); },
    mark_of<Source>(),
};

/// The interface's functions of an output class with self_test(), fire() and stop(), made from (host, configuration) or
/// from (host, configuration, source instance).
template <class Output>
inline constexpr vturn_output_functions kOutputFunctions = {
    [](const vturn_host* host, const char* config, [[maybe_unused]] void* source, char* error,
       std::size_t error_size) -> void* {
      void* instance = nullptr;
      guarded(error, error_size, [&] {
        if constexpr (std::is_constructible_v<Output, const vturn_host&, const char*, void*>) {
          instance = new Output(*host, config, source);
        } else {
          instance = new Output(*host, config);
        }
      });
      return instance;
    },
    [](void* instance, char* error, std::size_t error_size) -> std::int32_t {
      return guarded(error, error_size, [&] { static_cast<Output*>(instance)->self_test(); });
    },
    [](void* instance, const vturn_pulse* pulse) -> std::int32_t {
      return static_cast<Output*>(instance)->fire(*pulse);
    },
    [](void* instance, std::uint32_t trigger_id) -> std::int32_t {
      return static_cast<Output*>(instance)->stop(trigger_id);
    },
    [](void* instance) { delete static_cast<Output*>(instance); },
};

}  // namespace vturn::plugins
