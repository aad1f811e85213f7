#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/core/output_event.hpp"
#include "daemon/publish/curve.hpp"
#include "daemon/wire/encoder.hpp"
#include "daemon/wire/health_snapshot.hpp"

namespace vturn {

struct PublisherSettings {
  std::string address = "tcp://127.0.0.1:5600";
  bool allow_remote = false;
  CurveKeys curve;
  int send_high_water = 1000;  ///< messages queued for one subscriber before it loses some
  int io_priority = 0;         ///< SCHED_FIFO priority of ZeroMQ's thread; above the decision thread's
};

/// The PUB socket (an XPUB, so that subscriptions are seen), owned by the decision thread: after prepare() all calls
/// come from there. In steady state neither encoding nor sending allocates (MessagePool); nothing ever waits for a
/// subscriber. Before prepare() everything is ignored.
class Publisher {
 public:
  Publisher();
  /// Gives what is queued half a second to leave.
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// Binds. Throws std::runtime_error, one line. Call it before the thread raises its priority: ZeroMQ's own thread
  /// inherits the caller's.
  void prepare(const PublisherSettings& settings, const wire::EncoderSettings& encoder);
  /// As bound, with the port that "tcp://127.0.0.1:*" got.
  [[nodiscard]] const std::string& endpoint() const noexcept;

  /// published_ns and wall_time_unix_ns of the stamps are taken here. `text`: of a note.
  void publish(const OutputEvent& event, const wire::Stamps& stamps, std::string_view text = {}) noexcept;
  void publish_health(const wire::HealthSnapshot& health) noexcept;
  void publish_calibration(const wire::CalibrationSnapshot& calibration, SessionNs session_time_ns) noexcept;
  /// Takes in new subscriptions and sends them what is retained; every 10 ms or so. A retained message reaches every
  /// subscriber of its topic, which is why it is flagged.
  void service() noexcept;

  /// Messages given a sequence number, whether or not anybody subscribes.
  [[nodiscard]] std::uint64_t published() const noexcept;
  /// Messages published while a subscriber had stalled with a full queue: at most so many were lost to it. The others
  /// lost nothing. Which ones, the subscriber sees in the sequence numbers.
  [[nodiscard]] std::uint64_t dropped() const noexcept;
  /// Messages sent as copies because the pool was at its bound.
  [[nodiscard]] std::uint64_t copied() const noexcept;
  [[nodiscard]] bool stalled() const noexcept;

 private:
  class Socket;
  std::unique_ptr<Socket> socket_;
};

}  // namespace vturn
