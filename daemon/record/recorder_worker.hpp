#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "daemon/record/byte_ring.hpp"
#include "daemon/record/log_file.hpp"
#include "daemon/record/recorder.hpp"

namespace vturn::record {

/// The recorder's thread and what it shares with the decision thread.
class RecorderWorker {
 public:
  RecorderWorker(const RecorderOptions& options, LogFile file);

  void run() noexcept;
  /// Asks for the end; true when it came before `limit_ns` had passed.
  bool finish_within(std::int64_t limit_ns);
  bool attach(McapAttachment attachment, std::int64_t limit_ns);

  ByteRing ring;
  std::atomic<State> state{State::kRecording};
  std::atomic<std::uint64_t> lost_inputs{0}, lost_outputs{0};
  std::atomic<std::uint64_t> written_bytes{0};
  std::atomic<std::uint64_t> write_errors{0};
  std::atomic<int> write_error{0};
  StopReport report;  ///< valid once finish_within() gave true

 private:
  void turn(MonoNs now_ns);
  void take_attachment();
  void drain_ring();
  void take(std::string_view record);
  void mark_gap(const GapMark& mark);
  void close_old_chunk(MonoNs now_ns);
  void write_pending(MonoNs now_ns) noexcept;
  void sync(MonoNs now_ns) noexcept;
  void failed(int error) noexcept;
  void pause() noexcept;
  void drain_to_end();
  void end();

  std::size_t chunk_bytes_;
  std::size_t max_pending_bytes_;
  LogFile file_;
  SessionWriter writer_;
  GapMark marked_;  ///< losses that the log already tells of
  MonoNs chunk_since_ns_ = 0;
  MonoNs retry_at_ns_ = 0;
  MonoNs sync_at_ns_ = 0;
  bool unsynced_ = false;
  bool sync_failed_ = false;

  std::atomic<bool> stopping_{false};
  std::atomic<MonoNs> deadline_ns_{0};
  std::mutex mutex_;
  std::condition_variable ended_signal_;
  bool ended_ = false;
  std::condition_variable attached_signal_;
  std::optional<McapAttachment> attachment_;  ///< waits to be taken
};

}  // namespace vturn::record
