#include "daemon/ingest/source_clock.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace vturn::ingest {
namespace {

// A source that is to be mapped by pulses and is not: above the bound that inhibits.
constexpr std::int64_t kUnlockedNs = 10 * kNsPerMs;
constexpr std::uint32_t kMaxLine = 255;

std::int64_t capped(std::int64_t uncertainty_ns) noexcept { return std::min(uncertainty_ns, kUnknownUncertaintyNs); }

}  // namespace

Expected<SourceClockSettings> parse_source_clock(std::string_view clock, double speed) {
  SourceClockSettings settings;
  settings.speed = speed;
  if (clock == "arrival") return settings;
  const auto bad = [&] {
    return Error{"clock = \"" + std::string(clock) + "\": expected \"arrival\" or \"ttl:LINE\", LINE 0 to 255"};
  };
  if (!clock.starts_with("ttl:")) return bad();
  const std::string_view digits = clock.substr(4);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), settings.line);
  if (error != std::errc{} || end != digits.data() + digits.size() || settings.line > kMaxLine) return bad();
  settings.by_ttl = true;
  return settings;
}

SourceClock::SourceClock(SourceClockSettings settings, const MasterClock& master) noexcept
    : settings_(settings), master_(master), arrival_(ArrivalMapSettings{settings.speed}) {}

void SourceClock::observe(std::int64_t own_ns, MonoNs arrival_ns) noexcept {
  arrival_.observe(own_ns, arrival_ns);
  const std::uint32_t epoch = master_.map(arrival_ns).epoch_plus_one;
  // Pairs made with the master's old epoch say nothing about its new one.
  if (epoch != master_epoch_) ttl_.restart();
  master_epoch_ = epoch;
  if (settings_.by_ttl) take_master_edges();
}

void SourceClock::take_master_edges() noexcept {
  std::array<SessionNs, 16> edges;
  const std::uint32_t count = master_.ttl_edges(settings_.line, cursor_, edges.data(), edges.size());
  for (std::uint32_t i = 0; i < count; ++i) ttl_.master_edge(edges[i]);
}

void SourceClock::ttl_edge(std::uint32_t line, std::int64_t own_ns) noexcept {
  if (settings_.by_ttl && line == settings_.line) ttl_.own_edge(own_ns, by_arrival(own_ns));
}

void SourceClock::restart() noexcept {
  arrival_.restart();
  ttl_.restart();
}

ClockEstimate SourceClock::by_arrival(std::int64_t own_ns) const noexcept {
  if (!arrival_.started()) return {};
  const MasterClock::Mapped master = master_.map(arrival_.at(own_ns));
  if (master.epoch_plus_one == 0) return {};
  const std::int64_t own = arrival_.uncertainty_ns(own_ns);
  const auto own_session = static_cast<std::int64_t>(static_cast<double>(own) * settings_.speed);
  const std::int64_t sum = capped(own_session) + capped(master.estimate.uncertainty_ns) + settings_.delay_allowance_ns;
  return {master.estimate.session_ns, capped(sum)};
}

ClockEstimate SourceClock::map(std::int64_t own_ns) const noexcept {
  ClockEstimate rough = by_arrival(own_ns);
  if (!settings_.by_ttl) return rough;
  if (!ttl_.locked()) {
    rough.uncertainty_ns = std::max(rough.uncertainty_ns, kUnlockedNs);
    return rough;
  }
  const SessionNs session = ttl_.at(own_ns);
  // Arrival times are coarse but independent: a disagreement beyond their own error is the pulses' (a clock that
  // jumped since the last one).
  const std::int64_t apart = session < rough.session_ns ? rough.session_ns - session : session - rough.session_ns;
  const std::int64_t unexplained = apart - rough.uncertainty_ns;
  return {session, capped(std::max(ttl_.uncertainty_ns(own_ns), unexplained))};
}

bool UncertaintyReport::worth_telling(std::int64_t uncertainty_ns) noexcept {
  const bool crossed = (uncertainty_ns > bound_ns_) != (told_ns_ > bound_ns_);
  const bool changed = uncertainty_ns > told_ns_ + told_ns_ / 2 || uncertainty_ns < told_ns_ - told_ns_ / 2;
  if (told_ns_ >= 0 && !crossed && !changed) return false;
  told_ns_ = uncertainty_ns;
  return true;
}

}  // namespace vturn::ingest
