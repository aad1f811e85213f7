#include "tools/simulation/pace.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "tools/lib/interrupt.hpp"

namespace vturn::simulation {
namespace {

using Seconds = std::chrono::duration<double>;
using namespace std::chrono_literals;

constexpr auto kPatience = 20ms;
constexpr auto kNewsPatience = 1ms;

Pace::Clock::duration wall(double seconds) {
  return std::chrono::duration_cast<Pace::Clock::duration>(Seconds(seconds));
}

}  // namespace

Pace::Pace(ZmqContext& context, const PaceSettings& settings, std::string command)
    : settings_(settings), command_(std::move(command)) {
  if (!settings.follow.empty()) follower_.emplace(context, settings.follow);
}

bool Pace::start(Peer& peer) {
  while (settings_.wait_subscriber && !peer.ready()) {
    if (tools::interrupted() || peer.broken()) return false;
    peer.serve_until(Clock::now() + kPatience);
  }
  begun_ = start_ = Clock::now();
  return true;
}

Pace::Clock::time_point Pace::due(double time_s) const {
  return settings_.speed > 0.0 ? start_ + wall(time_s / settings_.speed) : start_;
}

double Pace::wall_s() const { return begun_ == Clock::time_point{} ? 0.0 : Seconds(Clock::now() - begun_).count(); }

bool Pace::wait(double time_s, Peer& peer) {
  do {
    peer.serve_until(std::min(due(time_s), Clock::now() + kPatience));
    if (tools::interrupted() || peer.broken() || !wait_acquiring(time_s, peer)) return false;
  } while (Clock::now() < due(time_s));
  return !follower_ || wait_for_vturnd(time_s, peer);
}

bool Pace::wait_acquiring(double time_s, Peer& peer) {
  if (peer.acquiring()) return true;
  const auto stopped = Clock::now();
  while (!peer.acquiring()) {
    if (tools::interrupted() || peer.broken()) return false;
    peer.serve_until(Clock::now() + kPatience);
  }
  stood_still_s_ += settings_.speed * Seconds(Clock::now() - stopped).count();
  start_ = Clock::now() - (settings_.speed > 0.0 ? wall(time_s / settings_.speed) : Clock::duration{});
  return true;
}

double Pace::followed_s() const { return run_time_s(follower_->published_ns().value_or(0)); }

void Pace::rebase_session(double time_s, double sample_time_s) {
  if (!follower_) return;
  const auto published_ns = follower_->published_ns();
  session_offset_s_ = (published_ns ? seconds(*published_ns) + stood_still_s_ : sample_time_s) - time_s;
  stood_still_s_ = 0.0;
}

bool Pace::wait_for_vturnd(double time_s, Peer& peer) {
  const auto give_up = Clock::now() + wall(settings_.follow_timeout_s);
  follower_->service();
  const double answerable_s = time_s - peer.withheld_s();
  while (answerable_s > followed_s() + settings_.run_ahead_ms * 1e-3) {
    if (tools::interrupted() || peer.broken()) return false;
    if (Clock::now() > give_up) return report_lost_vturnd(time_s);
    follower_->wait(kNewsPatience);
    peer.serve_until(Clock::now());
    follower_->service();
  }
  return true;
}

bool Pace::report_lost_vturnd(double time_s) {
  std::fprintf(stderr,
               "vturn %s: vturnd at %s has published session time up to %.3f s only, for %.0f s now, with data up to "
               "%.3f s due: is it running with this source as clock master? (--run-ahead-ms, --follow-timeout)\n",
               command_.c_str(), settings_.follow.c_str(), followed_s(), settings_.follow_timeout_s, time_s);
  lost_vturnd_ = true;
  return false;
}

}  // namespace vturn::simulation
