#include <algorithm>
#include <cmath>

#include "daemon/ingest/clock_map.hpp"

namespace vturn::ingest {
namespace {

constexpr double kBinNs = 1e9;
// Crystals differ by tens of ppm. A player's pace in accelerated runs may differ by much more.
constexpr double kMaxDrift = 300e-6;
constexpr double kMaxDriftAccelerated = 0.5;
constexpr std::size_t kSettledBins = 5;
constexpr double kUnsettledNs = 20e6;
constexpr double kSpreadFloorNs = 50e3;
// How far the envelope may be off shows in the minima of four seconds each, eight of them.
constexpr std::size_t kGroupBins = 4;
constexpr std::size_t kGroups = 8;
// The envelope runs below the minima by about their scatter; twice that covers it (figures: clock_drift_test).
constexpr double kSpreadFactor = 2.0;
// With a minute of data the slope is good to a few ppm: from then on a rise of the envelope that no crystal can make
// is congestion.
constexpr std::size_t kAnchorBins = 64;

}  // namespace

ArrivalMap::ArrivalMap(ArrivalMapSettings settings) noexcept
    : settings_(settings), max_drift_(settings.speed == 1.0 ? kMaxDrift : kMaxDriftAccelerated) {}

void ArrivalMap::restart() noexcept {
  any_ = false;
  closed_ = 0;
  slope_ = 0;
  anchored_ = false;
  spread_ns_ = static_cast<double>(kUnknownUncertaintyNs);
}

ArrivalMap::Point ArrivalMap::point(std::int64_t own_ns, MonoNs arrival_ns) const noexcept {
  const double own = static_cast<double>(own_ns - own_zero_ns_) / settings_.speed;
  return {own, static_cast<double>(arrival_ns - arrival_zero_ns_) - own};
}

void ArrivalMap::observe(std::int64_t own_ns, MonoNs arrival_ns) noexcept {
  if (!any_) {
    any_ = true;
    own_zero_ns_ = own_ns;
    arrival_zero_ns_ = arrival_ns;
    newest_own_ns_ = own_ns;
    intercept_ns_ = 0;
    lowest_ = point(own_ns, arrival_ns);
    bin_end_ns_ = kBinNs;
    steer_line();
    return;
  }
  if (own_ns <= newest_own_ns_) return;
  newest_own_ns_ = own_ns;
  const Point p = point(own_ns, arrival_ns);
  if (p.own_ns >= bin_end_ns_) {
    close_bin();
    lowest_ = p;
    bin_end_ns_ = p.own_ns + kBinNs;
  } else if (above_line(p) < above_line(lowest_)) {
    lowest_ = p;
  }
  if (closed_ == 0 && above_line(p) < 0) {
    intercept_ns_ = p.late_ns;
    steer_line();
  }
}

void ArrivalMap::close_bin() noexcept {
  bins_[closed_ % kBins] = lowest_;
  ++closed_;
  fit();
  judge_spread();
  steer_line();
}

std::size_t ArrivalMap::lower_hull(std::array<Point, kBins>& hull) const noexcept {
  std::size_t size = 0;
  for (std::size_t age = held(); age-- > 0;) {
    const Point& p = bin(age);
    const auto turns_up = [&](const Point& a, const Point& b) {
      return (b.late_ns - a.late_ns) * (p.own_ns - b.own_ns) < (p.late_ns - b.late_ns) * (b.own_ns - a.own_ns);
    };
    while (size >= 2 && !turns_up(hull[size - 2], hull[size - 1])) --size;
    hull[size++] = p;
  }
  return size;
}

double ArrivalMap::mean_own_ns() const noexcept {
  double sum = 0;
  for (std::size_t age = 0; age < held(); ++age) sum += bin(age).own_ns;
  return sum / static_cast<double>(held());
}

void ArrivalMap::fit() noexcept {
  std::array<Point, kBins> hull;
  const std::size_t size = lower_hull(hull);
  const double mean = mean_own_ns();
  for (std::size_t i = 0; i + 1 < size; ++i) {
    if (hull[i + 1].own_ns < mean) continue;
    const double rise = hull[i + 1].late_ns - hull[i].late_ns;
    slope_ = std::clamp(rise / (hull[i + 1].own_ns - hull[i].own_ns), -max_drift_, max_drift_);
    break;
  }
  intercept_ns_ = hull[0].late_ns - slope_ * hull[0].own_ns;
  for (std::size_t i = 1; i < size; ++i)
    intercept_ns_ = std::min(intercept_ns_, hull[i].late_ns - slope_ * hull[i].own_ns);
}

/// The second largest of the groups' minima, so that one long stall does not count, but at least the newest group's.
double ArrivalMap::scatter_ns() const noexcept {
  double newest = 0, largest = 0, second = 0;
  for (std::size_t group = 0; group < kGroups && group * kGroupBins < held(); ++group) {
    const std::size_t end = std::min(held(), (group + 1) * kGroupBins);
    double lowest = above_line(bin(group * kGroupBins));
    for (std::size_t age = group * kGroupBins + 1; age < end; ++age) lowest = std::min(lowest, above_line(bin(age)));
    if (group == 0) newest = lowest;
    second = std::max(second, std::min(largest, lowest));
    largest = std::max(largest, lowest);
  }
  return std::max(newest, second);
}

/// How far the envelope has risen above where it can be if delays were once as short as before.
double ArrivalMap::risen_ns(double own_ns) noexcept {
  if (settings_.speed != 1.0) return 0.0;
  const double line = intercept_ns_ + slope_ * own_ns;
  const double allowed = anchor_.late_ns + (anchor_slope_ + kHoldDrift) * (own_ns - anchor_.own_ns);
  if (closed_ < kAnchorBins || !anchored_ || line <= allowed) {
    anchored_ = closed_ >= kAnchorBins;
    anchor_ = {own_ns, line};
    anchor_slope_ = slope_;
    return 0.0;
  }
  return line - allowed;
}

void ArrivalMap::judge_spread() noexcept {
  spread_ns_ = kSpreadFloorNs + kSpreadFactor * scatter_ns() + risen_ns(lowest_.own_ns);
  if (closed_ < kSettledBins) spread_ns_ = std::max(spread_ns_, kUnsettledNs);
}

void ArrivalMap::steer_line() noexcept {
  const double own = static_cast<double>(newest_own_ns_ - own_zero_ns_) / settings_.speed;
  const double target = own + intercept_ns_ + slope_ * own;
  line_.steer(newest_own_ns_, arrival_zero_ns_ + static_cast<std::int64_t>(std::floor(target + 0.5)),
              (1.0 + slope_) / settings_.speed);
}

double ArrivalMap::drift_bound() const noexcept {
  if (closed_ == 0) return max_drift_;
  return kHoldDrift + std::min(spread_ns_ / (static_cast<double>(held()) * kBinNs), max_drift_);
}

std::int64_t ArrivalMap::uncertainty_ns(std::int64_t own_ns) const noexcept {
  if (closed_ == 0) return kUnknownUncertaintyNs;
  const double age_ns = static_cast<double>(std::max<std::int64_t>(own_ns - newest_own_ns_, 0)) / settings_.speed;
  return static_cast<std::int64_t>(spread_ns_ + line_.pending_ns(own_ns) + drift_bound() * age_ns);
}

}  // namespace vturn::ingest
