#include "plugins/intan_rhx/source.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace vturn::plugins {
namespace {

constexpr MonoNs kIdleNs = 50 * kNsPerMs;
constexpr MonoNs kHousekeepingNs = 100 * kNsPerMs;
constexpr MonoNs kConnectNs = kNsPerS;
// A message of which TCP made two reads is never answered.
constexpr MonoNs kUnansweredNs = 10 * kNsPerS;
// A pulse to an RHX that does not answer would come out whenever it does.
constexpr MonoNs kPromptNs = 500 * kNsPerMs;
constexpr int kDataPatienceS = 10;
// Of RHX, of which 15 s are known.
constexpr MonoNs kPatienceNs = 3 * kNsPerS;
// Blocks from before the plan are through by then, unless RHX lags so far that it is told of.
constexpr MonoNs kSettleNs = 2 * kNsPerS;
constexpr MonoNs kDoubtAgainNs = 5 * kNsPerS;
constexpr std::size_t kBufferBytes = 1U << 20U;

/// One that is not read is not waited for either: hung up, it would wake the reader for ever.
pollfd item_of(const TcpSocket& socket, bool reading) {
  const bool connecting = socket.state() == TcpSocket::State::kConnecting;
  return {reading ? socket.fd() : -1, connecting ? short{POLLOUT} : short{POLLIN}, 0};
}

}  // namespace

IntanRhxSource::IntanRhxSource(const vturn_host& host, const char* config_json)
    : host_(host),
      settings_(parse_rhx_settings(config_json)),
      burst_(host, settings_.clock),
      keep_(make_socket_keep(settings_.address, settings_.keep_sockets)),
      client_(settings_.commands),
      pulses_(client_),
      dialogue_(settings_, pulses_),
      buffer_(kBufferBytes) {
  static_cast<ingest::ReaderOrigin&>(settings_.reader) = burst_.adopt(settings_.reader);
  pulses_.use_origin(settings_.reader);
  take_over();
}

/// Sockets that an earlier vturnd left.
void IntanRhxSource::take_over() noexcept {
  took_over_ns_ = now();
  keep_->page()->read_mono_ns.store(took_over_ns_, std::memory_order_release);
  drained_seen_ = keep_->page()->drained_bytes.load(std::memory_order_acquire);
  for (DataPort* port : {&waveform_, &spikes_}) {
    if (const int fd = keep_->take(port->role); fd >= 0) port->socket = TcpSocket(fd);
  }
  if (const int fd = keep_->take(KeptRole::kCommand); fd >= 0) client_.adopt(TcpSocket(fd));
}

void IntanRhxSource::start() {
  thread_ = std::thread([this] { run(); });
}

void IntanRhxSource::stop() noexcept {
  stop_.request();
  if (thread_.joinable()) thread_.join();
}

void IntanRhxSource::run() noexcept {
  host_.thread_enter(host_.context, "intan-rhx");
  log(VTURN_LOG_INFO, "RHX at " + settings_.address + "; its sockets are kept by " + keep_->where());
  if (client_.up()) log(VTURN_LOG_INFO, "going on with the connections of an earlier vturnd");
  while (!stop_.requested()) {
    wait();
    const MonoNs now_ns = now();
    note_stall(now_ns);
    command_port(now_ns);
    use_when_settled(now_ns);
    data_port(waveform_, dialogue_.waveform_offered(), now_ns);
    data_port(spikes_, dialogue_.spikes_offered(), now_ns);
    // Spikes first: the frames of the same write then carry the time past them.
    for (DataPort* port : {&spikes_, &waveform_}) reader_ ? read(*port) : discard(*port, now_ns);
    if (burst_.open() && burst_.silence_left_ns(now()) <= 0) end_burst();
    if (now_ns >= next_housekeeping_ns_) housekeeping(now_ns);
  }
  pulses_.set_ready(false);  // nobody would see them any more
  if (burst_.open()) end_burst();
  burst_.say_down(reader_ ? reader_->newest_own_ns() : 0, reader_ ? reader_->epoch() : 0);
  // Left to itself RHX would fill them up and stop the run. The command connection stays with its keeper.
  for (DataPort* port : {&waveform_, &spikes_}) {
    port->socket.close();
    keep_->drop(port->role);
  }
}

void IntanRhxSource::wait() noexcept {
  const bool reading = reader_.has_value();
  const short command = client_.wants_to_write() ? POLLIN | POLLOUT : POLLIN;
  std::array<pollfd, 4> sockets{{{stop_.fd(), POLLIN, 0},
                                 {client_.fd(), command, 0},
                                 item_of(waveform_.socket, reading),
                                 item_of(spikes_.socket, reading)}};
  const MonoNs left_ns = burst_.open() ? std::max<MonoNs>(0, burst_.silence_left_ns(now())) : kIdleNs;
  const timespec timeout{left_ns / kNsPerS, left_ns % kNsPerS};
  ppoll(sockets.data(), sockets.size(), &timeout, nullptr);
}

/// This thread was kept from reading so long that the keeper did it: what came meanwhile is lost.
void IntanRhxSource::note_stall(MonoNs now_ns) noexcept {
  keep_->page()->read_mono_ns.store(now_ns, std::memory_order_release);
  const std::uint64_t drained = keep_->page()->drained_bytes.load(std::memory_order_acquire);
  if (drained == drained_seen_) return;
  log(VTURN_LOG_ERROR, "vturnd did not read for seconds; " + std::to_string(drained - drained_seen_) +
                           " bytes were read in its stead so that RHX goes on: a gap");
  drained_seen_ = drained;
  if (reader_) reader_->stalled();
}

void IntanRhxSource::command_port(MonoNs now_ns) noexcept {
  if (!client_.up() && !client_.connecting() && now_ns >= next_connect_ns_) {
    next_connect_ns_ = now_ns + kConnectNs;
    client_.connect();
  }
  client_.service();
  if (client_.up() != command_was_up_) {
    command_was_up_ = client_.up();
    if (command_was_up_) {
      keep_->keep(KeptRole::kCommand, client_.fd());
      // With a data connection from before it is the same RHX, unless it says that it does not know it.
      const bool same = waveform_.socket.open() || spikes_.socket.open();
      // Half a plan is none: if this process ends before it stands, the next one must not believe in it.
      const std::uint64_t standing = keep_->page()->channels_hash.exchange(0);
      dialogue_.begin(same ? standing : 0);
    } else {
      log(VTURN_LOG_ERROR, "RHX has closed the command connection");
      keep_->drop(KeptRole::kCommand);
      unsent_notes_.clear();
    }
    set_up_ = false;
  }
  if (!client_.up()) return;
  while (const auto answer = client_.answer()) {
    dialogue_.take(*answer, now_ns);
    answered();
  }
  const RhxDialogue::Ports forgotten = dialogue_.take_forgotten();
  if (forgotten.waveform) lost(waveform_);
  if (forgotten.spikes) lost(spikes_);
  if (client_.waiting() && now_ns - client_.asked_ns() > kUnansweredNs) {
    client_.give_up();
    dialogue_.unanswered();
    set_up_ = false;
  }
  ask(now_ns);
}

void IntanRhxSource::ask(MonoNs now_ns) noexcept {
  if (client_.waiting()) return;
  if (const std::string text = client_.unasked(); !text.empty()) log(VTURN_LOG_WARNING, "RHX says: " + rhx_shown(text));
  const bool recording = set_up_ && dialogue_.run_mode() == "Record";
  if (unsent_notes_.empty()) unsent_notes_ = notes_.take(recording && settings_.live_notes);
  if (!unsent_notes_.empty()) {
    if (client_.try_ask(unsent_notes_, now_ns)) unsent_notes_.clear();
    return;
  }
  const auto* message = dialogue_.next({waveform_.socket.open(), spikes_.socket.open()}, now_ns);
  if (message == nullptr) return;
  const bool sent = message->answered ? client_.try_ask(message->text, now_ns) : client_.try_tell(message->text);
  if (sent) dialogue_.sent();
}

void IntanRhxSource::answered() noexcept {
  while (const auto note = dialogue_.take_note()) log(VTURN_LOG_INFO, *note);
  if (set_up_ || !dialogue_.set_up()) return;
  set_up_ = true;
  if (reader_ && spikes_.open) reader_->spikes_back();
  const bool flowing = waveform_.socket.open() && dialogue_.plan_told();
  if (flowing && !reader_)
    log(VTURN_LOG_WARNING, "what RHX sent until it was told the present channels is left out: a gap");
  use_at_ns_ = now() + (flowing ? kSettleNs : 0);
  keep_->page()->channels_hash.store(dialogue_.plan().hash, std::memory_order_release);
}

/// RHX sends other columns than planned: tells it the plan again.
void IntanRhxSource::doubt(MonoNs now_ns) noexcept {
  if (!reader_->columns_in_doubt() || !set_up_ || use_at_ns_ != 0) return;
  if (!client_.up() || client_.waiting() || now_ns < next_doubt_ns_) return;
  next_doubt_ns_ = now_ns + kDoubtAgainNs;
  keep_->page()->channels_hash.store(0, std::memory_order_release);
  // For a moment RHX sends nothing at all.
  if (!settings_.spike_channels.empty()) reader_->spikes_lost();
  dialogue_.plan_anew();
  set_up_ = false;
}

/// Columns are as planned only when what was sent before has been read.
void IntanRhxSource::use_when_settled(MonoNs now_ns) noexcept {
  if (use_at_ns_ == 0 || now_ns < use_at_ns_ || !set_up_) return;
  use_at_ns_ = 0;
  try {
    use(*dialogue_.identity());
  } catch (const std::exception& problem) {
    log(VTURN_LOG_ERROR, problem.what());
  }
}

/// RHX sends as planned from here on.
void IntanRhxSource::use(const RhxIdentity& identity) {
  if (!reader_) {
    settings_.reader.controller = identity.controller;
    settings_.reader.sample_rate_hz = identity.sample_rate_hz;
    settings_.reader.columns = dialogue_.plan().columns;
    settings_.reader.outputs = &pulses_;
    reader_.emplace(settings_.reader);
    const SampleIndex next = keep_->page()->next_sample.load(std::memory_order_acquire);
    if (!waveform_.socket.open() || next == 0) return;
    reader_->resume(next);
    if (!spikes_.socket.open() && !settings_.spike_channels.empty()) reader_->spikes_lost();
    return;
  }
  if (settings_.reader.controller != identity.controller) {
    throw std::runtime_error("RHX has another controller now: restart vturnd");
  }
  reader_->set_sample_rate(identity.sample_rate_hz);
  reader_->set_columns(dialogue_.plan().columns);
}

void IntanRhxSource::data_port(DataPort& port, bool offered, MonoNs now_ns) noexcept {
  const bool connecting = port.socket.state() == TcpSocket::State::kConnecting;
  if (!connecting && offered && reader_ && !port.socket.open() && now_ns >= port.next_connect_ns) {
    port.next_connect_ns = now_ns + kConnectNs;
    sockaddr_in address = settings_.commands;
    const RhxIdentity& identity = *dialogue_.identity();
    const int number = port.role == KeptRole::kWaveform ? identity.waveform_port : identity.spike_port;
    address.sin_port = htons(static_cast<std::uint16_t>(number));
    port.socket.connect(address, kDataPatienceS);
  }
  const bool was_open = port.open;
  port.open = port.socket.finish_connecting() == TcpSocket::State::kOpen;
  if (!port.open || was_open || !reader_) return;
  keep_->keep(port.role, port.socket.fd());
  port.role == KeptRole::kWaveform ? reader_->waveform_connected() : reader_->spikes_connected();
  log(VTURN_LOG_INFO, "connected to RHX's " + std::string(name_of(port.role)) + " data");
}

void IntanRhxSource::read(DataPort& port) noexcept {
  if (!port.socket.open()) return;
  const std::ptrdiff_t size = port.socket.receive(buffer_);
  if (size == 0) return;
  if (size < 0) return lost(port);
  const MonoNs arrival_ns = now();
  burst_.arrived(arrival_ns);
  const ingest::Bytes bytes(buffer_.data(), static_cast<std::size_t>(size));
  received_bytes_ += bytes.size();
  if (port.role == KeptRole::kWaveform) {
    reader_->waveform(bytes, arrival_ns, burst_);
  } else {
    reader_->spikes(bytes, arrival_ns, burst_);
  }
  if (burst_.due(arrival_ns)) end_burst();
}

/// Taken over, but what it brings is known only when RHX has told who it is. Until then it may wait for so long.
void IntanRhxSource::discard(DataPort& port, MonoNs now_ns) noexcept {
  const bool settling = use_at_ns_ != 0;
  if (!port.socket.open() || (!settling && now_ns - took_over_ns_ < kPatienceNs)) return;
  const std::ptrdiff_t size = port.socket.receive(buffer_);
  if (size < 0) return lost(port);
  if (size == 0 || settling || std::exchange(discarding_, true)) return;
  log(VTURN_LOG_ERROR, "RHX's data are thrown away so that its run goes on: it does not take commands");
}

void IntanRhxSource::lost(DataPort& port) noexcept {
  if (reader_ && port.role == KeptRole::kSpikes && port.open) reader_->spikes_lost();
  port.socket.close();
  port.open = false;
  keep_->drop(port.role);
  log(VTURN_LOG_WARNING, "RHX has closed its " + std::string(name_of(port.role)) + " connection");
}

void IntanRhxSource::end_burst() noexcept {
  burst_.tell_counters(counters());
  burst_.end(reader_->newest_own_ns(), reader_->epoch());
  keep_->page()->next_sample.store(reader_->next_sample(), std::memory_order_release);
}

void IntanRhxSource::housekeeping(MonoNs now_ns) noexcept {
  next_housekeeping_ns_ = now_ns + kHousekeepingNs;
  const bool running = client_.up() && dialogue_.running();
  const MonoNs since_ns = client_.unanswered_since_ns();
  const bool prompt = since_ns == 0 || now_ns - since_ns < kPromptNs;
  const bool seen = waveform_.socket.open() && reader_ && !reader_->columns_in_doubt();
  pulses_.set_ready(running && set_up_ && prompt && seen);
  pulses_.service(now_ns);
  watch_.commands(client_.up(), settings_.address, since_ns, now_ns);
  watch_.pulses(pulses_.unconfirmed(), pulses_.foreign(), now_ns);
  if (reader_) {
    doubt(now_ns);
    watch_.reader(*reader_, now_ns);
    watch_.data(received_bytes_, running && waveform_.socket.open(), now_ns);
    if (const auto timestamp = dialogue_.take_timestamp())
      watch_.lag(reader_->lag_samples(*timestamp), reader_->sample_rate_hz(), now_ns);
  }
  if (!dialogue_.refusal().empty() && refusal_told_ != dialogue_.refusal()) {
    refusal_told_ = dialogue_.refusal();
    log(VTURN_LOG_ERROR, refusal_told_);
  }
  while (const auto line = watch_.next()) log(line->error ? VTURN_LOG_ERROR : VTURN_LOG_WARNING, line->text);
}

ingest::ReaderCounters IntanRhxSource::counters() const noexcept {
  const auto& blocks = reader_->waveform_counters();
  const auto& chunks = reader_->spike_counters();
  const auto& all = reader_->counters();
  ingest::ReaderCounters counters;
  counters.parsed = blocks.blocks + chunks.spikes;
  counters.malformed = blocks.resyncs + chunks.resyncs;
  counters.received = counters.parsed + counters.malformed;
  counters.lost = all.missing_samples;
  counters.spikes_received = chunks.spikes;
  counters.spikes_unmapped = all.spikes_unmapped;
  counters.ttl_received = all.ttl_edges;
  counters.lfp_blocks = all.lfp_blocks;
  counters.epochs = all.epochs;
  counters.gaps = all.gaps;
  return counters;
}

}  // namespace vturn::plugins
