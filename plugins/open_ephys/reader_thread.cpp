#include "plugins/open_ephys/reader_thread.hpp"

#include <poll.h>

#include <algorithm>
#include <bit>
#include <limits>

namespace vturn::plugins {
namespace {

constexpr MonoNs kSilenceNs = 300'000;
// Without silence (many channels, fast blocks) the decision still gets its spikes this often.
constexpr MonoNs kOldestBurstNs = 2 * kNsPerMs;
constexpr MonoNs kIdleNs = 100 * kNsPerMs;
// Messages wait in ZeroMQ meanwhile; nothing is lost.
constexpr MonoNs kRateWaitNs = 2 * kNsPerS;

}  // namespace

OpenEphysSource::OpenEphysSource(const vturn_host& host, const char* config_json)
    : host_(host),
      settings_(parse_open_ephys_settings(config_json)),
      master_(host),
      clock_(settings_.clock, master_),
      context_(make_zmq_context(host.io_thread_priority)),
      subscriber_(context_.get(), settings_.address),
      gui_(settings_.reader.sample_rate_hz > 0 ? "" : settings_.http),
      diagnosis_(settings_.address) {
  if (settings_.heartbeat) heartbeat_.emplace(context_.get(), heartbeat_address(settings_.address), settings_.name);
  settings_.reader.mapping.context = &clock_;
  settings_.reader.mapping.session_of = [](void* context, std::int64_t own_ns, MonoNs arrival_ns) noexcept {
    auto& clock = *static_cast<ingest::SourceClock*>(context);
    clock.observe(own_ns, arrival_ns);
    return clock.map(own_ns).session_ns;
  };
}

void OpenEphysSource::start() {
  gui_.start();
  thread_ = std::thread([this] { run(); });
}

void OpenEphysSource::stop() noexcept {
  stop_.request();
  if (thread_.joinable()) thread_.join();
}

void OpenEphysSource::run() noexcept {
  host_.thread_enter(host_.context, "open-ephys");
  log(VTURN_LOG_INFO, "reading " + settings_.address);
  while (!stop_.requested()) {
    // The socket's descriptor tells of changes only: sleep on it only when there is nothing left to receive.
    if (subscriber_.receive()) {
      take_message();
      if (burst_over(newest_arrival_ns_)) end_burst();
    } else if (burst_open_) {
      const MonoNs left_ns = newest_arrival_ns_ + kSilenceNs - now();
      if (left_ns <= 0 || !wait(left_ns)) end_burst();
    } else {
      housekeeping();
      static_cast<void>(wait(kIdleNs));
    }
  }
  if (burst_open_) end_burst();
  say_down();
}

bool OpenEphysSource::wait(MonoNs at_most_ns) noexcept {
  std::array<pollfd, 2> sockets{{{subscriber_.fd(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}}};
  const timespec timeout{at_most_ns / kNsPerS, at_most_ns % kNsPerS};
  return ppoll(sockets.data(), sockets.size(), &timeout, nullptr) > 0;
}

void OpenEphysSource::take_message() noexcept {
  newest_arrival_ns_ = now();
  if (!burst_open_) burst_began_ns_ = newest_arrival_ns_;
  burst_open_ = true;
  if (!reader_) make_reader();
  reader_->message(subscriber_.frames(), newest_arrival_ns_, *this);
  block_ended_ = block_end_.observe(subscriber_.frames());
}

/// The first message says which stream there is, and so whose sample rate to ask for.
void OpenEphysSource::make_reader() noexcept {
  ingest::ZmqInterfaceParser parser;
  ingest::ZmqInterfaceMessage first;
  ingest::OpenEphysReaderSettings settings = settings_.reader;
  if (parser.parse(subscriber_.frames(), first) == ingest::ParseError::kNone) {
    newest_stream_ = std::string(first.stream);
    // DATA carries its rate.
    if (settings.sample_rate_hz == 0 && first.kind != ingest::MessageKind::kData)
      settings.sample_rate_hz = ask_rate(settings.stream.empty() ? newest_stream_ : settings.stream);
  }
  reader_.emplace(std::move(settings));
}

double OpenEphysSource::ask_rate(const std::string& stream) noexcept {
  std::vector<GuiStream> streams;
  const MonoNs deadline_ns = now() + kRateWaitNs;
  const bool asking = !settings_.http.empty();
  while (asking && !gui_.answered(streams) && !stop_.requested() && now() < deadline_ns) {
    pollfd stop{stop_.fd(), POLLIN, 0};
    poll(&stop, 1, 10);
  }
  const double rate_hz = rate_of(streams, stream);
  if (rate_hz > 0) {
    log(VTURN_LOG_INFO, "stream \"" + stream + "\": " + std::to_string(rate_hz) + " Hz, says the GUI");
  } else {
    const std::string why = !asking           ? "`http` is empty"
                            : streams.empty() ? "the GUI did not answer: " + gui_.last_error()
                                              : "the GUI offers " + list_names(streams);
    log(VTURN_LOG_WARNING, "stream \"" + stream + "\": no sample rate (" + why +
                               "); it comes with the first DATA message, or set `sample_rate_hz` in the rig file");
  }
  return rate_hz;
}

void OpenEphysSource::event(const InputEvent& event, std::int64_t own_ns) noexcept {
  note_clock(event, own_ns);
  if (batched_ == kBatch) push_all_but_last();
  vturn_event& slot = batch_[batched_++];
  slot = std::bit_cast<vturn_event>(event);
  const MonoNs delay_ns =
      std::clamp<MonoNs>(now() - event.arrival_mono_ns, 0, std::numeric_limits<std::uint32_t>::max());
  slot.parse_delay_ns = static_cast<std::uint32_t>(delay_ns);
}

void OpenEphysSource::note_clock(const InputEvent& event, std::int64_t own_ns) noexcept {
  const bool master = settings_.reader.master;
  if (event.kind == InputKind::kTtl && event.payload.ttl.state == 1) {
    if (master) host_.clock_ttl(host_.context, event.payload.ttl.line, event.session_time_ns);
    if (!master) clock_.ttl_edge(event.payload.ttl.line, own_ns);
  }
  if (!master && event.kind == InputKind::kSource && event.payload.source.change == SourceChange::kEpoch)
    clock_.restart();
}

bool OpenEphysSource::burst_over(MonoNs now_ns) noexcept {
  return block_ended_ || batched_ == kBatch || now_ns - burst_began_ns_ > kOldestBurstNs;
}

void OpenEphysSource::end_burst() noexcept {
  burst_open_ = false;
  block_ended_ = false;
  tell_clock();
  if (batched_ > 0) {
    batch_[batched_ - 1].flags |= VTURN_FLAG_BURST_END;
    host_.push(host_.context, batch_.data(), batched_);
    batched_ = 0;
  }
  tell_counters();
  if (newest_arrival_ns_ >= next_housekeeping_ns_) housekeeping();
}

/// A message may hold more events than a batch; the burst's last event stays, for the mark.
void OpenEphysSource::push_all_but_last() noexcept {
  host_.push(host_.context, batch_.data(), batched_ - 1);
  batch_[0] = batch_[batched_ - 1];
  batched_ = 1;
}

void OpenEphysSource::tell_clock() noexcept {
  if (!reader_ || reader_->newest_own_ns() == 0) return;
  if (settings_.reader.master) {
    host_.clock_publish(host_.context, newest_arrival_ns_, reader_->newest_own_ns(), reader_->epoch());
  } else {
    tell_uncertainty();
  }
}

void OpenEphysSource::tell_uncertainty() noexcept {
  const std::int64_t own_ns = reader_->newest_own_ns();
  const ingest::ClockEstimate estimate = clock_.map(own_ns);
  const std::int64_t offset_ns = estimate.session_ns - own_ns;
  if (!offset_known_ && estimate.uncertainty_ns < ingest::kUnknownUncertaintyNs) {
    first_offset_ns_ = offset_ns;
    offset_known_ = true;
  }
  host_.gauge_set(host_.context, VTURN_CLOCK_UNCERTAINTY_MS, static_cast<double>(estimate.uncertainty_ns) * 1e-6);
  host_.gauge_set(host_.context, VTURN_CLOCK_OFFSET_MS, static_cast<double>(offset_ns - first_offset_ns_) * 1e-6);
  if (!report_.worth_telling(estimate.uncertainty_ns)) return;
  InputEvent change;
  change.session_time_ns = estimate.session_ns;
  change.arrival_mono_ns = newest_arrival_ns_;
  change.source = settings_.reader.source;
  change.kind = InputKind::kSource;
  change.payload.source = {SourceChange::kClock,
                           EpochCause::kNone,
                           settings_.reader.carries_spikes,
                           settings_.reader.carries_motion,
                           reader_->epoch(),
                           0,
                           estimate.uncertainty_ns};
  event(change, own_ns);
}

void OpenEphysSource::tell_counters() noexcept {
  if (!reader_) return;
  const ingest::OpenEphysCounters& counters = reader_->counters();
  const auto set = [this](std::uint32_t id, std::uint64_t value) { host_.counter_set(host_.context, id, value); };
  set(VTURN_MESSAGES_RECEIVED, counters.received);
  set(VTURN_MESSAGES_PARSED, counters.parsed);
  set(VTURN_MESSAGES_MALFORMED, counters.malformed);
  set(VTURN_MESSAGES_LOST, counters.lost);
  set(VTURN_SPIKES_RECEIVED, counters.spikes_received);
  set(VTURN_TTL_RECEIVED, counters.ttl_received);
  set(VTURN_LFP_BLOCKS, counters.lfp_blocks);
  set(VTURN_EPOCHS, counters.epochs);
  set(VTURN_GAPS, counters.gaps);
  set(VTURN_SPIKES_UNMAPPED, counters.spikes_unmapped);
}

void OpenEphysSource::housekeeping() noexcept {
  const MonoNs now_ns = now();
  next_housekeeping_ns_ = now_ns + kIdleNs;
  if (heartbeat_) heartbeat_->service(now_ns);
  const ingest::OpenEphysCounters none;
  const auto& counters = reader_ ? reader_->counters() : none;
  const auto error = reader_ ? reader_->last_error() : ingest::ParseError::kNone;
  for (;;) {
    const std::string line = diagnosis_.next(counters, error, settings_.reader.stream, newest_stream_, now_ns);
    if (line.empty()) return;
    log(VTURN_LOG_WARNING, line);
  }
}

void OpenEphysSource::say_down() noexcept {
  InputEvent down;
  const std::int64_t own_ns = reader_ ? reader_->newest_own_ns() : 0;
  down.arrival_mono_ns = now();
  down.session_time_ns = settings_.reader.master ? own_ns : clock_.map(own_ns).session_ns;
  down.source = settings_.reader.source;
  down.kind = InputKind::kSource;
  down.flags = static_cast<std::uint8_t>(kFlagBurstEnd | (settings_.reader.master ? kFlagMaster : 0));
  down.payload.source = {SourceChange::kDown,
                         EpochCause::kNone,
                         settings_.reader.carries_spikes,
                         settings_.reader.carries_motion,
                         reader_ ? reader_->epoch() : 0,
                         0,
                         0};
  const auto crossing = std::bit_cast<vturn_event>(down);
  host_.push(host_.context, &crossing, 1);
}

}  // namespace vturn::plugins
