#include "plugins/open_ephys/reader_thread.hpp"

#include <poll.h>

#include <array>

namespace vturn::plugins {
namespace {

constexpr MonoNs kIdleNs = 100 * kNsPerMs;
// Messages wait in ZeroMQ meanwhile; nothing is lost.
constexpr MonoNs kRateWaitNs = 2 * kNsPerS;

}  // namespace

OpenEphysSource::OpenEphysSource(const vturn_host& host, const char* config_json)
    : host_(host),
      settings_(parse_open_ephys_settings(config_json)),
      burst_(host, settings_.clock),
      context_(make_zmq_context(host.io_thread_priority)),
      subscriber_(context_.get(), settings_.address),
      gui_(settings_.reader.sample_rate_hz > 0 ? "" : settings_.http),
      diagnosis_(settings_.address, settings_.reader.feed) {
  if (settings_.heartbeat) heartbeat_.emplace(context_.get(), heartbeat_address(settings_.address), settings_.name);
  static_cast<ingest::ReaderOrigin&>(settings_.reader) = burst_.adopt(settings_.reader);
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
    } else if (burst_.open()) {
      const MonoNs left_ns = burst_.silence_left_ns(now());
      if (left_ns <= 0 || !wait(left_ns)) end_burst();
    } else {
      housekeeping();
      static_cast<void>(wait(kIdleNs));
    }
  }
  if (burst_.open()) end_burst();
  burst_.say_down(reader_ ? reader_->newest_own_ns() : 0, reader_ ? reader_->epoch() : 0);
}

bool OpenEphysSource::wait(MonoNs at_most_ns) noexcept {
  std::array<pollfd, 2> sockets{{{subscriber_.fd(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}}};
  const timespec timeout{at_most_ns / kNsPerS, at_most_ns % kNsPerS};
  return ppoll(sockets.data(), sockets.size(), &timeout, nullptr) > 0;
}

void OpenEphysSource::take_message() noexcept {
  const MonoNs arrival_ns = now();
  burst_.arrived(arrival_ns);
  if (!reader_) make_reader();
  reader_->message(subscriber_.frames(), arrival_ns, burst_);
  const bool whole_blocks = settings_.reader.feed == ingest::GuiFeed::kFalconOutput;
  const bool block_ended = whole_blocks || block_end_.observe(subscriber_.frames());
  if (block_ended || burst_.due(arrival_ns)) end_burst();
}

/// The first message says which stream there is, and so whose sample rate to ask for.
void OpenEphysSource::make_reader() noexcept {
  ingest::GuiMessage first;
  ingest::OpenEphysReaderSettings settings = settings_.reader;
  const auto parser = ingest::make_feed_parser(settings.feed);
  if (parser->parse(subscriber_.frames(), first) == ingest::ParseError::kNone) {
    if (settings.sample_rate_hz == 0 && first.sample_rate_hz == 0)
      settings.sample_rate_hz = ask_rate(settings.stream.empty() ? std::string(first.stream) : settings.stream);
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
  // Raw Binary names its stream by a number that the GUI's answer does not have: then the rate must be all streams'.
  const bool by_number = settings_.reader.feed == ingest::GuiFeed::kEventBroadcaster;
  const double rate_hz = rate_of(streams, by_number ? "" : stream);
  if (rate_hz > 0) {
    log(VTURN_LOG_INFO, "stream \"" + stream + "\": " + std::to_string(rate_hz) + " Hz, says the GUI");
  } else {
    const std::string why = !asking           ? "`http` is empty"
                            : streams.empty() ? "the GUI did not answer: " + gui_.last_error()
                                              : "the GUI offers " + list_names(streams);
    log(VTURN_LOG_WARNING,
        "stream \"" + stream + "\": no sample rate (" + why +
            "); it comes with the first message that tells it, or set `sample_rate_hz` in the rig file");
  }
  return rate_hz;
}

void OpenEphysSource::end_burst() noexcept {
  burst_.end(reader_->newest_own_ns(), reader_->epoch());
  burst_.tell_counters(reader_->counters());
  host_.counter_set(host_.context, VTURN_HEADINGS_RECEIVED, reader_->counters().headings);
  const MonoNs now_ns = now();
  if (now_ns >= next_housekeeping_ns_) housekeeping();
}

void OpenEphysSource::housekeeping() noexcept {
  const MonoNs now_ns = now();
  next_housekeeping_ns_ = now_ns + kIdleNs;
  if (heartbeat_) heartbeat_->service(now_ns);
  const ingest::OpenEphysCounters none;
  const auto& counters = reader_ ? reader_->counters() : none;
  const auto error = reader_ ? reader_->last_error_text() : std::string_view{};
  const std::string followed = reader_ ? reader_->stream() : "", other = reader_ ? reader_->other_stream() : "";
  for (;;) {
    const std::string line = diagnosis_.next(counters, error, followed, other, now_ns);
    if (line.empty()) return;
    log(VTURN_LOG_WARNING, line);
  }
}

}  // namespace vturn::plugins
