#include "daemon/record/recorder.hpp"

#include <exception>

#include "daemon/record/recorder_worker.hpp"
#include "daemon/rt/clock.hpp"

namespace vturn::record {

Expected<std::unique_ptr<Recorder>> Recorder::start(RecorderOptions options) {
  auto file = LogFile::create(options.directory, options.session.encoder.session_id, options.file);
  if (!file) return Error{file.error()};
  std::unique_ptr<Recorder> recorder(new Recorder);
  recorder->path_ = file->path();
  if (options.session.wall_minus_mono_ns == 0)
    options.session.wall_minus_mono_ns = rt::wall_now_ns() - rt::mono_now_ns();
  try {
    recorder->worker_ = std::make_shared<RecorderWorker>(options, *std::move(file));
    recorder->thread_ = std::thread([worker = recorder->worker_] { worker->run(); });
  } catch (const std::exception& error) {
    return Error{recorder->path_ + ": the recorder cannot start: " + error.what()};
  }
  return recorder;
}

Recorder::~Recorder() { stop(); }

// A quarter of the ring must be free again before recording goes on: otherwise a device a little too slow would leave a
// log of single events between gaps.
bool Recorder::end_gap() noexcept {
  if (gap_.inputs + gap_.outputs == 0) return true;
  if (worker_->ring.free_bytes() < worker_->ring.capacity() / 4) return false;
  if (!try_pack(worker_->ring, gap_)) return false;
  gap_ = {};
  return true;
}

template <class Pack>
bool Recorder::push(bool is_input, const Pack& pack) noexcept {
  if (end_gap() && pack()) return true;
  ++(is_input ? gap_.inputs : gap_.outputs);
  (is_input ? worker_->lost_inputs : worker_->lost_outputs).fetch_add(1, std::memory_order_release);
  worker_->state.store(State::kIncomplete, std::memory_order_release);
  return false;
}

bool Recorder::try_input(const InputEvent& event) noexcept {
  return push(true, [&] { return try_pack(worker_->ring, event); });
}

bool Recorder::try_output(const OutputEvent& event, const wire::Stamps& stamps) noexcept {
  return push(false, [&] { return try_pack(worker_->ring, event, stamps); });
}

bool Recorder::try_digest(std::uint64_t inputs, std::uint64_t outputs, std::uint64_t hash, bool final) noexcept {
  return end_gap() && try_pack(worker_->ring, DigestMark{inputs, outputs, hash, rt::mono_now_ns(), final ? 1U : 0U});
}

bool Recorder::attach(const std::string& name, const std::string& media_type, std::string data, std::int64_t limit_ns) {
  const auto at_ns = static_cast<std::uint64_t>(rt::wall_now_ns());
  return worker_->attach({at_ns, at_ns, name, media_type, std::move(data)}, limit_ns);
}

State Recorder::state() const noexcept { return worker_->state.load(std::memory_order_acquire); }
std::uint64_t Recorder::lost_inputs() const noexcept { return worker_->lost_inputs.load(std::memory_order_acquire); }
std::uint64_t Recorder::lost_outputs() const noexcept { return worker_->lost_outputs.load(std::memory_order_acquire); }
std::size_t Recorder::depth() const noexcept { return worker_->ring.depth(); }
std::size_t Recorder::capacity() const noexcept { return worker_->ring.capacity(); }
std::uint64_t Recorder::written_bytes() const noexcept {
  return worker_->written_bytes.load(std::memory_order_relaxed);
}
int Recorder::write_error() const noexcept { return worker_->write_error.load(std::memory_order_relaxed); }
std::uint64_t Recorder::write_errors() const noexcept { return worker_->write_errors.load(std::memory_order_relaxed); }

StopReport Recorder::stop(std::int64_t limit_ns) {
  if (stopped_ || worker_ == nullptr) return report_;
  stopped_ = true;
  if (!thread_.joinable()) return report_;
  if (worker_->finish_within(limit_ns)) {
    thread_.join();
    report_ = worker_->report;
  } else {
    // A write that the kernel does not end cannot be interrupted: the thread keeps what it needs alive and ends with
    // it.
    thread_.detach();
    report_.abandoned = true;
  }
  return report_;
}

}  // namespace vturn::record
