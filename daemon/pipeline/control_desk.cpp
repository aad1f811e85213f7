#include "daemon/pipeline/control_desk.hpp"

#include <chrono>
#include <thread>
#include <vector>

#include "daemon/pipeline/log.hpp"
#include "daemon/rt/clock.hpp"

namespace vturn {
namespace {

constexpr const char* kQueueFull = "the daemon's command queue is full: try again";

}  // namespace

bool ControlDesk::commands_settled() const {
  for (int i = 0; i < 100 && parts_.health.commands_taken() < submitted_; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return parts_.health.commands_taken() >= submitted_;
}

bool ControlDesk::self_test_passes() {
  std::string problem = parts_.outputs.self_test();
  if (problem.empty()) problem = model_problem_;
  log_line(problem.empty() ? VTURN_LOG_INFO : VTURN_LOG_ERROR, "self-test: " + (problem.empty() ? "passed" : problem));
  return problem.empty();
}

std::string ControlDesk::submit(std::span<const InputEvent> commands) {
  std::vector<InputEvent> stamped(commands.begin(), commands.end());
  for (InputEvent& event : stamped) {
    event.source = kNoSource;
    event.arrival_mono_ns = rt::mono_now_ns();
    if (event.payload.command.command != CommandKind::kSelfTest) continue;
    if (!may_self_test()) return "self-test: stimulation is armed; disarm first";
    event.payload.command.value_ns = self_test_passes() ? 1 : 0;
  }
  if (parts_.producer.room() < stamped.size()) return kQueueFull;
  const std::size_t pushed = parts_.producer.try_push(stamped.data(), stamped.size());
  submitted_ += pushed;
  return pushed == stamped.size() ? "" : kQueueFull;
}

Expected<LoadedModel> ControlDesk::load_model(const std::string& file, std::uint32_t request) {
  auto loaded = parts_.models.offer(file);
  if (!loaded) return loaded;
  InputEvent event;
  event.kind = InputKind::kCommand;
  event.payload.command = CommandInput{};
  event.payload.command.command = CommandKind::kLoadModel;
  event.payload.command.request = request;
  event.payload.command.value_ns = static_cast<std::int64_t>(loaded->hash);
  if (const std::string problem = submit({&event, 1}); !problem.empty()) {
    parts_.models.withdraw();
    return Error{problem};
  }
  parts_.models.accept();
  model_problem_.clear();  // it has passed its check
  if (commands_settled()) parts_.models.collect();
  log_line(VTURN_LOG_INFO, "heading model " + file + ": loaded, " + std::to_string(loaded->units) + " units" +
                               (loaded->handedness_confirmed ? "" : "; its handedness is not confirmed"));
  return loaded;
}

std::string ControlDesk::calibrate(const InputEvent& command) {
  if (std::string problem = parts_.calibration.begin(command.payload.command); !problem.empty()) return problem;
  std::string problem = submit({&command, 1});
  if (!problem.empty()) parts_.calibration.withdraw();
  return problem;
}

std::optional<wire::CalibrationSnapshot> ControlDesk::calibration() {
  const wire::CalibrationSnapshot& calibration = parts_.calibration.status();
  if (!calibration.begun) return std::nullopt;
  return calibration;
}

}  // namespace vturn
