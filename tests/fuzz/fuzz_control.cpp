// Any bytes as a control request: one reply that parses, an error in one line exactly when it is refused, and nothing
// but valid commands for the engine.
#include <vturn/v1/control.pb.h>

#include <cstdlib>
#include <string_view>

#include "daemon/publish/control_handler.hpp"

namespace {

using namespace vturn;

void require(bool condition) {
  if (!condition) std::abort();
}

class Target : public ControlTarget {
 public:
  std::string submit(std::span<const InputEvent> commands) override {
    require(!commands.empty() && commands.size() <= 32);
    for (const auto& event : commands) {
      const auto& command = event.payload.command;
      require(event.kind == InputKind::kCommand && command.length <= kMaxCommandText && command.request > 0);
      require(command.command >= CommandKind::kArm && command.command <= CommandKind::kShutdown);
      if (command.command == CommandKind::kArm) {
        require(command.value_ns > 0 && command.value_ns <= 86'400 * kNsPerS);
      }
    }
    return (full = !full) ? "" : "queue is full";
  }
  wire::HealthSnapshot status() override { return {}; }
  Expected<LoadedModel> load_model(const std::string& file, std::uint32_t request) override {
    require(!file.empty() && request > 0);
    if (full = !full; full) return Error{"no model here"};
    return LoadedModel{.hash = 1, .units = 20, .median_abs_error_deg = 10.0, .handedness_confirmed = false};
  }
  std::string calibrate(const InputEvent& event) override {
    const auto& command = event.payload.command;
    require(event.kind == InputKind::kCommand && command.request > 0);
    require(command.command == CommandKind::kCalibrateStart || command.command == CommandKind::kCalibrateStop);
    return (full = !full) ? "not here" : "";
  }
  std::optional<wire::CalibrationSnapshot> calibration() override { return wire::CalibrationSnapshot{}; }
  void request_shutdown() override {}

  bool full = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Target target;
  ControlHandler handler(target, {"session", "file", "version", {}});
  const std::string_view request(reinterpret_cast<const char*>(data), size);
  for (const double wall_s : {0.0, 1.8e9}) {
    v1::Reply reply;
    require(reply.ParseFromString(handler.handle(request, wall_s)));
    require(reply.ok() == reply.error().empty());
    require(reply.error().find('\n') == std::string::npos);
    handler.poll(wall_s + 7 * 86'400.0);
  }
  return 0;
}
