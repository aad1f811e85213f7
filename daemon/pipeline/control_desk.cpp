#include "daemon/pipeline/control_desk.hpp"

#include <chrono>
#include <thread>
#include <vector>

#include "daemon/pipeline/log.hpp"
#include "daemon/rt/clock.hpp"

namespace vturn {

ControlDesk::ControlDesk(rt::EventQueue::Producer& producer, HealthBoard& health, OutputSet& outputs,
                         std::atomic<bool>& stop, std::string model_problem)
    : producer_(producer), health_(health), outputs_(outputs), stop_(stop), model_problem_(std::move(model_problem)) {}

bool ControlDesk::commands_settled() const {
  for (int i = 0; i < 100 && health_.commands_taken() < submitted_; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return health_.commands_taken() >= submitted_;
}

bool ControlDesk::self_test_passes() {
  // The devices may only be touched while nothing can fire, and an arming that is still on its way would let it.
  if (!commands_settled() || health_.armed()) {
    log_line(VTURN_LOG_WARNING, "self-test refused: stimulation is armed; disarm first");
    return false;
  }
  std::string problem = outputs_.self_test();
  if (problem.empty()) problem = model_problem_;
  log_line(problem.empty() ? VTURN_LOG_INFO : VTURN_LOG_ERROR, "self-test: " + (problem.empty() ? "passed" : problem));
  return problem.empty();
}

bool ControlDesk::submit(std::span<const InputEvent> commands) {
  std::vector<InputEvent> stamped(commands.begin(), commands.end());
  for (InputEvent& event : stamped) {
    event.source = kNoSource;
    event.arrival_mono_ns = rt::mono_now_ns();
    if (event.payload.command.command == CommandKind::kSelfTest)
      event.payload.command.value_ns = self_test_passes() ? 1 : 0;
  }
  if (producer_.room() < stamped.size()) return false;
  const std::size_t pushed = producer_.try_push(stamped.data(), stamped.size());
  submitted_ += pushed;
  return pushed == stamped.size();
}

}  // namespace vturn
