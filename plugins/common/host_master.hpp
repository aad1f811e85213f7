#pragma once

#include "daemon/ingest/source_clock.hpp"
#include "plugins/api/vturn_plugin.h"

namespace vturn::plugins {

/// The clock master as a source plugin sees it through its host.
class HostMaster final : public ingest::MasterClock {
 public:
  explicit HostMaster(const vturn_host& host) noexcept : host_(host) {}

  [[nodiscard]] Mapped map(MonoNs mono_ns) const noexcept override {
    Mapped mapped;
    const std::int32_t epoch =
        host_.clock_map(host_.context, mono_ns, &mapped.estimate.session_ns, &mapped.estimate.uncertainty_ns);
    mapped.epoch_plus_one = static_cast<std::uint32_t>(epoch);
    return mapped;
  }
  std::uint32_t ttl_edges(std::uint32_t line, std::uint64_t& cursor, SessionNs* edges,
                          std::uint32_t capacity) const noexcept override {
    return host_.clock_ttl_edges(host_.context, line, &cursor, edges, capacity);
  }

 private:
  const vturn_host& host_;
};

}  // namespace vturn::plugins
