#include "plugins/tracking/tracking_source.hpp"

#include <poll.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <stdexcept>

namespace vturn::plugins {
namespace {

constexpr int kIdleMs = 100;
constexpr MonoNs kComplaintNs = 10 * kNsPerS;

template <class T>
T checked(const Config& config, Expected<T> value) {
  if (!value) throw std::runtime_error("\"" + config.name() + "\": " + value.error());
  return *std::move(value);
}

ingest::SourceClockSettings clock_of(const Config& config, double speed) {
  const std::string clock = config.text("clock", "arrival");
  if (clock != "arrival")
    config.refuse("clock", "\"" + clock + "\"", "\"arrival\": a tracker has no samples or TTL lines");
  ingest::SourceClockSettings settings;
  settings.speed = speed;
  return settings;
}

}  // namespace

TrackingSource::TrackingSource(const vturn_host& host, const char* config_json)
    : TrackingSource(host, Config(config_json)) {}

TrackingSource::TrackingSource(const vturn_host& host, const Config& config)
    : host_(host),
      listen_(config.text("listen", "127.0.0.1:5700")),
      index_(static_cast<SourceIndex>(config.integer("index", 0, 0, kMaxSources - 1))),
      speed_(config.number("speed", 1.0, 1e-3, 1e3)),
      image_y_(checked(config, ingest::parse_image_y(config.text("image_y", "down")))),
      master_(host),
      clock_(clock_of(config, speed_), master_),
      tracker_(speed_) {
  socket_.bind(checked(config, parse_endpoint(listen_)));
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
  log(VTURN_LOG_INFO, "listening on " + listen_);
  while (!stop_.requested()) {
    std::array<pollfd, 2> sockets{{{socket_.fd(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}}};
    if (poll(sockets.data(), sockets.size(), kIdleMs) > 0) drain();
  }
  if (headings_ > 0) push_change(SourceChange::kDown, EpochCause::kNone, 0, newest_, now());
  end_burst();
}

void TrackingSource::drain() noexcept {
  // One byte more than a datagram may have, so that a longer one is seen as such.
  std::array<char, ingest::kMaxHeadingDatagramBytes + 1> buffer;
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
  ingest::HeadingDatagram heading;
  const auto error = cut ? ingest::HeadingError::kTooLong : ingest::parse_heading(datagram, image_y_, heading);
  if (error != ingest::HeadingError::kNone) return refuse(error);
  const TrackerClock::Seen seen = tracker_.observe(heading, arrival_ns);
  newest_ = session_time(seen, arrival_ns);
  tell_changes(seen, newest_, arrival_ns);
  ++headings_;
  InputEvent event;
  event.kind = InputKind::kHeading;
  event.source_sample = static_cast<SampleIndex>(heading.has_sequence ? heading.sequence : headings_ - 1);
  event.payload.heading.angle_rad = static_cast<float>(heading.angle_rad);
  push(event, newest_, arrival_ns);
}

void TrackingSource::refuse(ingest::HeadingError error) noexcept {
  ++counters_.malformed;
  if (now() < next_complaint_ns_) return;
  next_complaint_ns_ = now() + kComplaintNs;
  log(VTURN_LOG_WARNING,
      std::to_string(counters_.malformed) + " datagrams refused, the last: " + std::string(describe(error)));
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
  if (headings_ == 0) push_change(SourceChange::kUp, EpochCause::kStart, 0, at, arrival_ns);
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
  event.source = index_;
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
