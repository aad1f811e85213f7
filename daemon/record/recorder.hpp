#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "daemon/core/expected.hpp"
#include "daemon/core/input_event.hpp"
#include "daemon/core/output_event.hpp"
#include "daemon/record/session_writer.hpp"

namespace vturn::record {

enum class State : std::uint8_t {
  kOff = 0,
  kRecording,   ///< every input and output so far is written, or kept for it
  kIncomplete,  ///< the ring was full once, or a sync failed: the log cannot be replayed beyond that point
};

/// 16,000 spikes a second, with what goes with them, take about 1 MiB a second of the ring.
inline constexpr double kRingBytesPerSecond = 1024.0 * 1024.0;

struct RecorderOptions {
  std::string directory = "sessions";
  std::string file;  ///< fixed path instead of DIRECTORY/SESSION_ID.mcap; may be a pipe or a device
  SessionWriterOptions session;
  std::size_t ring_bytes = static_cast<std::size_t>(64.0 * kRingBytesPerSecond);
  std::size_t chunk_bytes = 1U << 20;
  std::size_t max_pending_bytes = 8U << 20;  ///< made but not written; beyond it events wait in the ring
};

struct StopReport {
  bool whole = false;      ///< all bytes handed over and synced, footer written
  bool abandoned = false;  ///< the device held the thread: it was left behind
  std::uint64_t unwritten_bytes = 0;
};

class RecorderWorker;

/// Session log off the decision thread. The try_ functions are for that one thread: lock-free, allocation-free, never
/// waiting; what finds the ring full is counted and marked in the log. A thread of its own encodes, closes a chunk
/// twice a second, writes, and syncs every 2 s. A full disk or a stopped pipe keeps what is made and tries again.
class Recorder {
 public:
  /// Creates the log and writes its head. The error is one line: what, where, what to do.
  static Expected<std::unique_ptr<Recorder>> start(RecorderOptions options);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  bool try_input(const InputEvent& event) noexcept;
  bool try_output(const OutputEvent& event, const wire::Stamps& stamps) noexcept;
  /// A digest that finds the ring full is left out: a later one stands for it.
  bool try_digest(std::uint64_t inputs, std::uint64_t outputs, std::uint64_t hash, bool final) noexcept;

  /// A file that what is recorded from now on refers to: in the log before all of it, wherever the log is cut. Waits
  /// for the recorder's thread, so not for the decision thread; one caller. False: not within `limit_ns`, nothing
  /// attached.
  bool attach(const std::string& name, const std::string& media_type, std::string data,
              std::int64_t limit_ns = 5 * kNsPerS);

  [[nodiscard]] State state() const noexcept;
  [[nodiscard]] std::uint64_t lost_inputs() const noexcept;
  [[nodiscard]] std::uint64_t lost_outputs() const noexcept;
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_inputs() + lost_outputs(); }
  /// Bytes waiting in the ring, and its size.
  [[nodiscard]] std::size_t depth() const noexcept;
  [[nodiscard]] std::size_t capacity() const noexcept;
  [[nodiscard]] std::uint64_t written_bytes() const noexcept;
  /// errno of the last failed write or sync; 0 once writing works again, unless a sync has failed. EAGAIN: a pipe that
  /// nobody empties.
  [[nodiscard]] int write_error() const noexcept;
  [[nodiscard]] std::uint64_t write_errors() const noexcept;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Writes what is there and ends the log, within `limit_ns` whatever the device does. To be called once the decision
  /// thread has ended; later calls give the same report.
  StopReport stop(std::int64_t limit_ns = 5 * kNsPerS);

 private:
  Recorder() = default;
  template <class Pack>
  bool push(bool is_input, const Pack& pack) noexcept;
  bool end_gap() noexcept;

  std::shared_ptr<RecorderWorker> worker_;  ///< shared with the thread, which may outlive this object when it is stuck
  std::thread thread_;
  std::string path_;
  GapMark gap_;
  bool stopped_ = false;
  StopReport report_;
};

}  // namespace vturn::record
