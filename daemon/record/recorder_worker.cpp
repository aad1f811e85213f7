#include "daemon/record/recorder_worker.hpp"

#include <signal.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <thread>

#include "daemon/rt/clock.hpp"
#include "daemon/rt/threads.hpp"

namespace vturn::record {

namespace {

// With the pause a chunk is closed, and so readable after a crash, within half a second of its first event.
constexpr std::int64_t kPauseNs = 50 * kNsPerMs;
constexpr std::int64_t kChunkNs = 400 * kNsPerMs;
constexpr std::int64_t kSyncNs = 2 * kNsPerS;
constexpr std::int64_t kRetryNs = kNsPerS;

// A pipe without a reader would otherwise end the daemon.
void block_sigpipe() noexcept {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

RecorderWorker::RecorderWorker(const RecorderOptions& options, LogFile file)
    : ring(options.ring_bytes),
      chunk_bytes_(options.chunk_bytes),
      max_pending_bytes_(options.max_pending_bytes),
      file_(std::move(file)),
      writer_(options.session) {}

void RecorderWorker::run() noexcept {
  block_sigpipe();
  rt::set_up_thread("vturn-record", 0);
  try {
    while (!stopping_.load(std::memory_order_acquire)) {
      turn(rt::mono_now_ns());
      pause();
    }
    drain_to_end();
  } catch (const std::exception&) {
    // Out of memory: no more can be encoded. The ring fills up, and what is lost is counted and told to the engine.
    failed(ENOMEM);
    state.store(State::kIncomplete, std::memory_order_release);
  }
  end();
}

void RecorderWorker::turn(MonoNs now_ns) {
  take_attachment();
  drain_ring();
  close_old_chunk(now_ns);
  write_pending(now_ns);
  sync(now_ns);
}

void RecorderWorker::take_attachment() {
  const std::lock_guard lock(mutex_);
  if (!attachment_) return;
  writer_.attachment(*attachment_);
  attachment_.reset();
  attached_signal_.notify_all();
}

bool RecorderWorker::attach(McapAttachment attachment, std::int64_t limit_ns) {
  std::unique_lock lock(mutex_);
  attachment_ = std::move(attachment);
  attached_signal_.wait_for(lock, std::chrono::nanoseconds(limit_ns), [this] { return ended_ || !attachment_; });
  const bool taken = !attachment_;
  attachment_.reset();
  return taken;
}

// What is made and cannot be written is bounded; beyond it events stay in the ring, whose bound is counted.
void RecorderWorker::drain_ring() {
  while (writer_.pending().size() < max_pending_bytes_) {
    const std::string_view record = ring.front();
    if (record.empty()) return;
    take(record);
    ring.release();
    if (writer_.open_bytes() >= chunk_bytes_) {
      writer_.close_chunk();
      chunk_since_ns_ = 0;
    }
  }
}

void RecorderWorker::take(std::string_view record) {
  switch (packed_kind(record)) {
    case Packed::kInput:
      return writer_.input(unpack_input(record));
    case Packed::kOutput: {
      const OutputRecord output = unpack_output(record);
      return writer_.output(output.event, output.stamps);
    }
    case Packed::kDigest:
      return writer_.digest(unpack_digest(record));
    case Packed::kGap:
      return mark_gap(unpack_gap(record));
  }
}

void RecorderWorker::mark_gap(const GapMark& mark) {
  marked_.inputs += mark.inputs;
  marked_.outputs += mark.outputs;
  writer_.gap(mark);
}

void RecorderWorker::close_old_chunk(MonoNs now_ns) {
  if (writer_.open_bytes() == 0) {
    chunk_since_ns_ = 0;
  } else if (chunk_since_ns_ == 0) {
    chunk_since_ns_ = now_ns;
  } else if (now_ns - chunk_since_ns_ >= kChunkNs) {
    writer_.close_chunk();
    chunk_since_ns_ = 0;
  }
}

void RecorderWorker::write_pending(MonoNs now_ns) noexcept {
  if (writer_.pending().empty() || now_ns < retry_at_ns_) return;
  const auto written = file_.try_write(writer_.pending());
  writer_.drained(written.bytes);
  written_bytes.fetch_add(written.bytes, std::memory_order_relaxed);
  unsynced_ = unsynced_ || written.bytes > 0;
  if (written.error == 0) {
    if (!sync_failed_) write_error.store(0, std::memory_order_relaxed);
    return;
  }
  failed(written.error);
  if (written.error != EAGAIN) retry_at_ns_ = now_ns + kRetryNs;
}

// What a failed sync could not store is gone: the kernel drops it, a later sync that works says nothing of it.
void RecorderWorker::sync(MonoNs now_ns) noexcept {
  if (!unsynced_ || now_ns < sync_at_ns_) return;
  sync_at_ns_ = now_ns + kSyncNs;
  const int error = file_.sync();
  unsynced_ = error == EINTR;
  if (error == 0 || error == EINTR) return;
  failed(error);
  sync_failed_ = true;
  state.store(State::kIncomplete, std::memory_order_release);
}

void RecorderWorker::failed(int error) noexcept {
  write_error.store(error, std::memory_order_relaxed);
  write_errors.fetch_add(1, std::memory_order_relaxed);
}

void RecorderWorker::pause() noexcept {
  if (write_error.load(std::memory_order_relaxed) == EAGAIN && !writer_.pending().empty())
    return file_.wait_writable(kPauseNs);
  std::this_thread::sleep_for(std::chrono::nanoseconds(kPauseNs));
}

// The decision thread has ended: the ring only gets emptier. Gives up at the deadline, with the log cut where it is.
void RecorderWorker::drain_to_end() {
  retry_at_ns_ = 0;
  bool finished = false;
  while (true) {
    drain_ring();
    if (!finished && ring.depth() == 0) {
      const GapMark rest{lost_inputs.load(std::memory_order_acquire) - marked_.inputs,
                         lost_outputs.load(std::memory_order_acquire) - marked_.outputs};
      if (rest.inputs + rest.outputs > 0) mark_gap(rest);
      writer_.finish();
      finished = true;
    }
    write_pending(rt::mono_now_ns());
    if (finished && writer_.pending().empty()) break;
    if (rt::mono_now_ns() >= deadline_ns_.load(std::memory_order_acquire)) break;
    if (!writer_.pending().empty()) pause();
  }
  report.unwritten_bytes = writer_.pending().size() + writer_.open_bytes();
  sync_at_ns_ = 0;
  sync(rt::mono_now_ns());
  report.whole = finished && writer_.pending().empty() && !sync_failed_;
}

void RecorderWorker::end() {
  file_.close();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  ended_signal_.notify_all();
  attached_signal_.notify_all();
}

bool RecorderWorker::finish_within(std::int64_t limit_ns) {
  // The thread gives up by itself a little earlier than we stop waiting for it.
  deadline_ns_.store(rt::mono_now_ns() + limit_ns * 3 / 4, std::memory_order_release);
  stopping_.store(true, std::memory_order_release);
  std::unique_lock lock(mutex_);
  return ended_signal_.wait_for(lock, std::chrono::nanoseconds(limit_ns), [this] { return ended_; });
}

}  // namespace vturn::record
