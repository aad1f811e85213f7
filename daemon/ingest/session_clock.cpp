#include "daemon/ingest/session_clock.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace vturn::ingest {

SessionClock::SessionClock(double speed) noexcept : speed_(speed), arrival_(ArrivalMapSettings{speed}) {
  static_assert(std::is_trivially_copyable_v<Snapshot>);
}

void SessionClock::publish(MonoNs mono_ns, SessionNs session_ns, std::uint32_t epoch) noexcept {
  if (heard_ && epoch != epoch_) arrival_.restart();
  heard_ = true;
  epoch_ = epoch;
  arrival_.observe(session_ns, mono_ns);
  Snapshot snapshot;
  snapshot.line = arrival_.line();
  snapshot.newest_session_ns = arrival_.newest_own_ns();
  snapshot.uncertainty_ns = std::min(arrival_.spread_ns(), static_cast<double>(kUnknownUncertaintyNs));
  snapshot.drift = arrival_.drift_bound();
  snapshot.epoch_plus_one = std::uint64_t{epoch} + 1;
  store(snapshot);
}

void SessionClock::store(const Snapshot& snapshot) noexcept {
  std::array<std::uint64_t, kWords> words{};
  std::memcpy(words.data(), &snapshot, sizeof snapshot);
  const std::uint64_t number = published_.load(std::memory_order_relaxed);
  Slot& slot = slots_[number % kSlots];
  // Release, each: a reader that sees one of these words also sees, in its check, that this slot was taken anew.
  for (std::size_t i = 0; i < kWords; ++i) slot[i].store(words[i], std::memory_order_release);
  published_.store(number + 1, std::memory_order_release);
}

bool SessionClock::load(Snapshot& snapshot) const noexcept {
  // The writer would have to publish sixteen bursts during each of the copies to defeat all attempts.
  for (int attempt = 0; attempt < 4; ++attempt) {
    const std::uint64_t number = published_.load(std::memory_order_acquire);
    if (number == 0) return false;
    const Slot& slot = slots_[(number - 1) % kSlots];
    std::array<std::uint64_t, kWords> words;
    for (std::size_t i = 0; i < kWords; ++i) words[i] = slot[i].load(std::memory_order_acquire);
    if (published_.load(std::memory_order_relaxed) - number >= kSlots - 1) continue;
    std::memcpy(static_cast<void*>(&snapshot), words.data(), sizeof snapshot);
    return true;
  }
  return false;
}

SessionClock::Mapped SessionClock::map(MonoNs mono_ns) const noexcept {
  Snapshot snapshot;
  if (!load(snapshot)) return {};
  const SessionNs session = snapshot.line.inverse(mono_ns);
  const double age_ns = static_cast<double>(std::max<std::int64_t>(session - snapshot.newest_session_ns, 0)) / speed_;
  const double wall_ns = snapshot.uncertainty_ns + snapshot.line.pending_ns(session) + snapshot.drift * age_ns;
  const double bounded = std::min(wall_ns * speed_, static_cast<double>(kUnknownUncertaintyNs));
  return {session, static_cast<std::int64_t>(bounded), static_cast<std::uint32_t>(snapshot.epoch_plus_one)};
}

void SessionClock::ttl_edge(std::uint32_t line, SessionNs session_ns) noexcept {
  if (line >= kLines) return;
  Line& ring = lines_[line];
  const std::uint64_t number = ring.count.load(std::memory_order_relaxed);
  ring.edges[number % kEdgesPerLine].store(session_ns, std::memory_order_release);
  ring.count.store(number + 1, std::memory_order_release);
}

std::uint32_t SessionClock::ttl_edges(std::uint32_t line, std::uint64_t& cursor, SessionNs* edges,
                                      std::uint32_t capacity) const noexcept {
  if (line >= kLines) return 0;
  const Line& ring = lines_[line];
  const std::uint64_t count = ring.count.load(std::memory_order_acquire);
  // One slot less than held: the writer may be filling it.
  if (count - cursor >= kEdgesPerLine) cursor = count - (kEdgesPerLine - 1);
  std::uint32_t written = 0;
  while (cursor < count && written < capacity) {
    const SessionNs edge = ring.edges[cursor % kEdgesPerLine].load(std::memory_order_acquire);
    const bool overwritten = ring.count.load(std::memory_order_relaxed) - cursor >= kEdgesPerLine;
    ++cursor;
    if (!overwritten) edges[written++] = edge;
  }
  return written;
}

}  // namespace vturn::ingest
