#include <algorithm>
#include <cmath>

#include "daemon/ingest/clock_map.hpp"

namespace vturn::ingest {
namespace {

// Two edges of one pulse differ by a sample period of either clock; a locked map predicts the rest.
constexpr std::int64_t kMeetNs = 1 * kNsPerMs;
// Around the arrival estimate, which does not know the sources' minimum delays.
constexpr std::int64_t kRoughReachNs = 20 * kNsPerMs;
constexpr std::size_t kPairsToLock = 3;
constexpr std::size_t kMissesToUnlock = 8;
constexpr double kMaxDrift = 300e-6;
constexpr double kFloorNs = 100e3;
// Older pairs would smear the drift of a warming crystal into the fit.
constexpr std::int64_t kMemoryNs = 300 * kNsPerS;
constexpr std::size_t kMinFit = 8;

std::int64_t distance(std::int64_t a, std::int64_t b) noexcept { return a < b ? b - a : a - b; }

}  // namespace

void TtlMap::restart() noexcept {
  pending_count_ = 0;
  own_edges_ = 0;
  master_edges_ = 0;
  pairs_ = 0;
  misses_in_a_row_ = 0;
  suspicion_ns_ = 0;
  locked_ = false;
}

void TtlMap::master_edge(SessionNs session_ns) noexcept {
  master_ring_[master_edges_ % kEdges] = session_ns;
  ++master_edges_;
  pair_pending();
}

void TtlMap::own_edge(std::int64_t own_ns, const ClockEstimate& rough) noexcept {
  own_ring_[own_edges_ % kEdges] = own_ns;
  ++own_edges_;
  if (pending_count_ == kEdges) {
    std::copy(pending_.begin() + 1, pending_.end(), pending_.begin());
    --pending_count_;
    ++unpaired_;
  }
  pending_[pending_count_++] = {own_ns, rough};
  pair_pending();
}

void TtlMap::pair_pending() noexcept {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < pending_count_; ++i) {
    const OwnEdge edge = pending_[i];
    if (!settle(edge)) pending_[kept++] = edge;
  }
  pending_count_ = kept;
}

/// True when the edge is done with: paired, or certain to have no partner.
bool TtlMap::settle(const OwnEdge& edge) noexcept {
  if (master_edges_ == 0) return false;
  const std::int64_t rough_reach = kRoughReachNs + 2 * edge.rough.uncertainty_ns;
  if (!locked_ && edge.rough.uncertainty_ns >= kUnknownUncertaintyNs) return true;
  const SessionNs centre = locked_ ? at(edge.own_ns) : edge.rough.session_ns;
  const std::int64_t reach = locked_ ? kMeetNs + uncertainty_ns(edge.own_ns) : rough_reach;
  SessionNs found = 0;
  const std::size_t near = master_edges_within(centre, reach, found);
  if (near == 1 && own_edges_within(edge.own_ns, reach) == 1) {
    accept(edge, found);
    return true;
  }
  // The partner may still be on its way until the master has been heard well beyond it.
  const SessionNs newest = master_ring_[(master_edges_ - 1) % kEdges];
  if (near == 0 && newest <= centre + reach) return false;
  ++unpaired_;
  const bool stray = near == 0 && master_edges_within(centre, rough_reach, found) >= 1;
  miss(stray ? static_cast<double>(distance(found, centre)) : 0.0);
  return true;
}

std::size_t TtlMap::master_edges_within(SessionNs centre_ns, std::int64_t reach_ns, SessionNs& found) const noexcept {
  std::size_t count = 0;
  const std::uint64_t first = master_edges_ > kEdges ? master_edges_ - kEdges : 0;
  for (std::uint64_t i = first; i < master_edges_; ++i) {
    const SessionNs edge = master_ring_[i % kEdges];
    if (distance(edge, centre_ns) > reach_ns) continue;
    if (count == 0 || distance(edge, centre_ns) < distance(found, centre_ns)) found = edge;
    ++count;
  }
  return count;
}

std::size_t TtlMap::own_edges_within(std::int64_t own_ns, std::int64_t reach_ns) const noexcept {
  std::size_t count = 0;
  const std::uint64_t first = own_edges_ > kEdges ? own_edges_ - kEdges : 0;
  for (std::uint64_t i = first; i < own_edges_; ++i)
    if (distance(own_ring_[i % kEdges], own_ns) <= reach_ns) ++count;
  return count;
}

void TtlMap::accept(const OwnEdge& edge, SessionNs session_ns) noexcept {
  pair_ring_[pairs_ % kPairs] = {edge.own_ns, session_ns};
  ++pairs_;
  if (!locked_) {
    if (pairs_ < kPairsToLock || !candidates_agree()) return;
    locked_ = true;
    // Goes on from where the arrival times had put it.
    line_ = ClockLine{};
    line_.steer(edge.own_ns, edge.rough.session_ns, 1.0);
  }
  ++pairs_total_;
  misses_in_a_row_ = 0;
  suspicion_ns_ = 0;
  fit();
}

void TtlMap::miss(double distance_ns) noexcept {
  if (!locked_) return;
  suspicion_ns_ = std::max(suspicion_ns_, distance_ns);
  if (++misses_in_a_row_ < kMissesToUnlock) return;
  locked_ = false;
  pairs_ = 0;
  misses_in_a_row_ = 0;
  suspicion_ns_ = 0;
}

/// The last pairs lie on one line that clocks can have.
bool TtlMap::candidates_agree() const noexcept {
  for (std::size_t age = 0; age + 1 < kPairsToLock; ++age) {
    const auto own = static_cast<double>(pair(age).own_ns - pair(age + 1).own_ns);
    const auto session = static_cast<double>(pair(age).session_ns - pair(age + 1).session_ns);
    if (own <= 0 || std::fabs(session - own) > static_cast<double>(kMeetNs) + kMaxDrift * own) return false;
  }
  return true;
}

void TtlMap::fit() noexcept {
  const Pair newest = pair(0);
  std::size_t n = 0;
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  const auto x = [&](const Pair& p) { return static_cast<double>(p.own_ns - newest.own_ns); };
  const auto y = [&](const Pair& p) { return static_cast<double>(p.session_ns - newest.session_ns) - x(p); };
  for (; n < held() && (n < kMinFit || newest.own_ns - pair(n).own_ns < kMemoryNs); ++n) {
    const Pair& p = pair(n);
    sum_x += x(p), sum_y += y(p), sum_xx += x(p) * x(p), sum_xy += x(p) * y(p);
  }
  const auto count = static_cast<double>(n);
  const double spread = sum_xx - sum_x * sum_x / count;
  const double slope = spread > 0 ? std::clamp((sum_xy - sum_x * sum_y / count) / spread, -kMaxDrift, kMaxDrift) : 0.0;
  const double intercept = (sum_y - slope * sum_x) / count;
  double worst = 0;
  for (std::size_t i = 0; i < n; ++i) worst = std::max(worst, std::fabs(y(pair(i)) - intercept - slope * x(pair(i))));
  spread_ns_ = kFloorNs + worst;
  const auto span = static_cast<double>(newest.own_ns - pair(n - 1).own_ns);
  rate_error_ = std::min(spread_ns_ / std::max(span, 1e9), kMaxDrift);
  line_.steer(newest.own_ns, newest.session_ns + static_cast<std::int64_t>(std::floor(intercept + 0.5)), 1.0 + slope);
}

std::int64_t TtlMap::uncertainty_ns(std::int64_t own_ns) const noexcept {
  if (!locked_) return kUnknownUncertaintyNs;
  const auto age_ns = static_cast<double>(std::max<std::int64_t>(own_ns - pair(0).own_ns, 0));
  return static_cast<std::int64_t>(spread_ns_ + suspicion_ns_ + line_.pending_ns(own_ns) +
                                   (kHoldDrift + rate_error_) * age_ns);
}

}  // namespace vturn::ingest
