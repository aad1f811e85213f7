#pragma once

#include <vturn/v1/control.pb.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/core/expected.hpp"
#include "daemon/core/input_event.hpp"
#include "daemon/wire/calibration_snapshot.hpp"
#include "daemon/wire/health_snapshot.hpp"
#include "daemon/wire/names.hpp"

namespace vturn {

/// A heading model that has taken over.
struct LoadedModel {
  std::uint64_t hash;  ///< of all models
  std::size_t units;
  double median_abs_error_deg;  ///< cross-validated
  bool handedness_confirmed;
};

/// What the control socket acts upon. Called from the control server's thread.
class ControlTarget {
 public:
  virtual ~ControlTarget() = default;
  /// Queues command inputs, all or none, in order; their times are the target's to set. "" when they are queued, else
  /// why they are not: one line.
  virtual std::string submit(std::span<const InputEvent> commands) = 0;
  virtual wire::HealthSnapshot status() = 0;
  /// Reads and checks the file, and queues the command under this number. The error is one line; nothing has changed.
  virtual Expected<LoadedModel> load_model(const std::string& file, std::uint32_t request) = 0;
  /// Queues a kCalibrateStart or kCalibrateStop. "" when it is, else why it is not: one line.
  virtual std::string calibrate(const InputEvent& command) = 0;
  /// What calibration has to tell; nothing before one was started.
  virtual std::optional<wire::CalibrationSnapshot> calibration() = 0;
  /// After the kShutdown command has been submitted.
  virtual void request_shutdown() = 0;
};

/// What replies tell about the running session.
struct ControlIdentity {
  std::string session_id;
  std::string session_file;
  std::string version;
  wire::Names names;
};

/// Requests in, replies out: the control socket without the socket. Wall time is an argument.
class ControlHandler {
 public:
  static constexpr std::size_t kMaxRequestBytes = 64 * 1024;
  static constexpr std::size_t kMaxNoteBytes = 1024;
  static constexpr std::size_t kMaxPathBytes = 4096;
  static constexpr double kMaxArmS = 86'400.0;
  static constexpr double kMaxArmAheadS = 7 * 86'400.0;

  ControlHandler(ControlTarget& target, ControlIdentity identity);

  /// The reply to a vturn.v1.Request, serialized. Any bytes get a reply; none throws.
  std::string handle(std::string_view request, double wall_time_unix_s) noexcept;
  /// Submits the arming that waits for its wall time, when that has come. A later arm replaces it, disarm forgets it.
  void poll(double wall_time_unix_s);

  [[nodiscard]] bool arm_waits() const noexcept { return waiting_arm_.has_value(); }

 private:
  struct WaitingArm {
    double at_wall_time_unix_s;
    InputEvent command;
  };

  void dispatch(const v1::Request& request, double wall_time_unix_s, v1::Reply& reply);
  void status(v1::Reply& reply);
  void arm(const v1::ArmRequest& request, double wall_time_unix_s, v1::Reply& reply);
  void note(const std::string& text, v1::Reply& reply);
  void load_model(const std::string& file, v1::Reply& reply);
  void calibrate(CommandKind kind, bool flag, v1::Reply& reply);
  void command(CommandKind kind, v1::Reply& reply);
  void submit(std::span<const InputEvent> commands, v1::Reply& reply);

  ControlTarget& target_;
  ControlIdentity identity_;
  std::uint32_t last_request_ = 0;
  std::optional<WaitingArm> waiting_arm_;
};

}  // namespace vturn
