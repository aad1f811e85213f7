#include "plugins/tracking/tracking_source.hpp"

#include <poll.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace vturn::plugins {
namespace {

constexpr int kIdleMs = 100;
constexpr MonoNs kComplaintNs = 10 * kNsPerS;

}  // namespace

TrackingSource::TrackingSource(const vturn_host& host, const char* config_json)
    : TrackingSource(host, parse_tracking_settings(config_json)) {}

TrackingSource::TrackingSource(const vturn_host& host, TrackingSettings settings)
    : host_(host),
      settings_(std::move(settings)),
      master_(host),
      clock_(settings_.clock, master_),
      tracker_(settings_.speed) {
  if (settings_.osc) osc_.emplace(*settings_.osc, settings_.geometry);
  socket_.bind(settings_.endpoint);
}

void TrackingSource::start() {
  thread_ = std::thread([this] { run(); });
}

void TrackingSource::stop() noexcept {
  stop_.request();
  if (thread_.joinable()) thread_.join();
}

void TrackingSource::run() noexcept {
  host_.thread_enter(host_.context, "tracking");
  log(VTURN_LOG_INFO, "listening on " + settings_.listen);
  while (!stop_.requested()) {
    std::array<pollfd, 2> sockets{{{socket_.fd(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}}};
    if (poll(sockets.data(), sockets.size(), kIdleMs) > 0) drain();
  }
  if (up_) push_change(SourceChange::kDown, EpochCause::kNone, 0, newest_, now());
  end_burst();
}

void TrackingSource::drain() noexcept {
  // More than a datagram of either format may have, so that a longer one is seen as such.
  std::array<char, ingest::kMaxOscBytes + 1> buffer;
  while (batched_ + kMaxEventsOfOne <= kBatch) {
    bool cut = false;
    const std::ptrdiff_t size = socket_.receive(buffer, cut);
    if (size < 0) break;
    take({buffer.data(), static_cast<std::size_t>(size)}, cut, now());
  }
  end_burst();
  tell_counters();
}

void TrackingSource::take(std::string_view datagram, bool cut, MonoNs arrival_ns) noexcept {
  ++counters_.received;
  const auto each = [&](const ingest::HeadingDatagram& found, ingest::HeadingError error) noexcept {
    heading(found, error, arrival_ns);
  };
  auto error = ingest::HeadingError::kTooLong;
  if (osc_ && !cut) {
    error = osc_->packet(datagram, arrival_ns, each);
  } else if (!cut) {
    ingest::HeadingDatagram found;
    error = ingest::parse_heading(datagram, settings_.geometry, found);
    const bool usable = error == ingest::HeadingError::kNone || error == ingest::HeadingError::kUnseen;
    if (usable) each(found, std::exchange(error, ingest::HeadingError::kNone));
  }
  if (error != ingest::HeadingError::kNone) ++counters_.malformed;
  complain(error);
}

void TrackingSource::heading(const ingest::HeadingDatagram& heading, ingest::HeadingError error,
                             MonoNs arrival_ns) noexcept {
  if (batched_ + kMaxEventsOfOne > kBatch) end_burst();
  const TrackerClock::Seen seen = tracker_.observe(heading, arrival_ns);
  newest_ = session_time(seen, arrival_ns);
  tell_changes(seen, newest_, arrival_ns);
  if (error == ingest::HeadingError::kUnseen) {
    ++counters_.unseen;
    return;
  }
  ++headings_;
  InputEvent event;
  event.kind = InputKind::kHeading;
  event.source_sample = static_cast<SampleIndex>(heading.has_sequence ? heading.sequence : headings_ - 1);
  event.payload.heading.angle_rad = static_cast<float>(heading.angle_rad);
  push(event, newest_, arrival_ns);
}

void TrackingSource::complain(ingest::HeadingError error) noexcept {
  const bool strangers = osc_ && headings_ == 0 && osc_->others() > 0;
  const bool unseen = counters_.unseen > told_unseen_;
  if ((error == ingest::HeadingError::kNone && !strangers && !unseen) || now() < next_complaint_ns_) return;
  next_complaint_ns_ = now() + kComplaintNs;
  if (error != ingest::HeadingError::kNone)
    log(VTURN_LOG_WARNING,
        std::to_string(counters_.malformed) + " datagrams refused, the last: " + std::string(describe(error)));
  if (unseen)
    log(VTURN_LOG_WARNING, std::to_string(counters_.unseen - told_unseen_) +
                               " frames without a heading: " + std::string(describe(ingest::HeadingError::kUnseen)));
  if (strangers)
    log(VTURN_LOG_WARNING, "no message to " + settings_.osc->address + " yet, but " + std::to_string(osc_->others()) +
                               " to others like " + osc_->other_address() + ": set `osc_address` in the rig file");
  told_unseen_ = counters_.unseen;
}

ingest::ClockEstimate TrackingSource::session_time(const TrackerClock::Seen& seen, MonoNs arrival_ns) noexcept {
  if (seen.restarted) clock_.restart();
  if (seen.has_own_time) {
    clock_.observe(seen.own_ns, arrival_ns);
    return clock_.map(seen.own_ns);
  }
  // Without a clock of its own each datagram's delay goes into its time, unseen.
  ingest::ClockEstimate estimate = master_.map(arrival_ns).estimate;
  const std::int64_t allowed_ns = estimate.uncertainty_ns + ingest::SourceClockSettings{}.delay_allowance_ns;
  estimate.uncertainty_ns = std::min(allowed_ns, ingest::kUnknownUncertaintyNs);
  return estimate;
}

void TrackingSource::tell_changes(const TrackerClock::Seen& seen, const ingest::ClockEstimate& at,
                                  MonoNs arrival_ns) noexcept {
  if (!std::exchange(up_, true)) push_change(SourceChange::kUp, EpochCause::kStart, 0, at, arrival_ns);
  if (seen.restarted) {
    ++counters_.epochs;
    push_change(SourceChange::kEpoch, EpochCause::kRestart, 0, at, arrival_ns);
  }
  if (seen.lost > 0) {
    counters_.lost += seen.lost;
    ++counters_.gaps;
    push_change(SourceChange::kGap, EpochCause::kNone, seen.lost, at, arrival_ns);
  }
  if (report_.worth_telling(at.uncertainty_ns)) push_change(SourceChange::kClock, EpochCause::kNone, 0, at, arrival_ns);
}

void TrackingSource::push_change(SourceChange change, EpochCause cause, std::uint64_t count,
                                 const ingest::ClockEstimate& at, MonoNs arrival_ns) noexcept {
  InputEvent event;
  event.kind = InputKind::kSource;
  event.payload.source = {change, cause, 0, 0, static_cast<std::uint32_t>(counters_.epochs), count, 0};
  if (change == SourceChange::kClock) event.payload.source.value_ns = at.uncertainty_ns;
  push(event, at, arrival_ns);
}

void TrackingSource::push(InputEvent event, const ingest::ClockEstimate& at, MonoNs arrival_ns) noexcept {
  event.session_time_ns = at.session_ns;
  event.arrival_mono_ns = arrival_ns;
  event.source = settings_.index;
  const MonoNs delay_ns = std::clamp<MonoNs>(now() - arrival_ns, 0, std::numeric_limits<std::uint32_t>::max());
  event.parse_delay_ns = static_cast<std::uint32_t>(delay_ns);
  batch_[batched_++] = std::bit_cast<vturn_event>(event);
}

void TrackingSource::end_burst() noexcept {
  if (batched_ == 0) return;
  batch_[batched_ - 1].flags |= VTURN_FLAG_BURST_END;
  host_.push(host_.context, batch_.data(), batched_);
  batched_ = 0;
}

void TrackingSource::tell_counters() noexcept {
  const auto set = [this](std::uint32_t id, std::uint64_t value) { host_.counter_set(host_.context, id, value); };
  set(VTURN_MESSAGES_RECEIVED, counters_.received);
  set(VTURN_MESSAGES_PARSED, counters_.received - counters_.malformed);
  set(VTURN_MESSAGES_MALFORMED, counters_.malformed);
  set(VTURN_MESSAGES_LOST, counters_.lost);
  set(VTURN_HEADINGS_RECEIVED, headings_);
  set(VTURN_EPOCHS, counters_.epochs);
  set(VTURN_GAPS, counters_.gaps);
  host_.gauge_set(host_.context, VTURN_CLOCK_UNCERTAINTY_MS, static_cast<double>(newest_.uncertainty_ns) * 1e-6);
}

}  // namespace vturn::plugins
