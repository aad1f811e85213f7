#pragma once

#include <atomic>
#include <string>

#include "daemon/pipeline/health.hpp"
#include "daemon/pipeline/output_set.hpp"
#include "daemon/publish/control_handler.hpp"
#include "daemon/rt/event_queue.hpp"

namespace vturn {

/// Where operators' requests enter the pipeline: as input events, through a producer of their own. Control thread.
class ControlDesk final : public ControlTarget {
 public:
  /// `model_problem`: "" when the models passed their own check.
  ControlDesk(rt::EventQueue::Producer& producer, HealthBoard& health, OutputSet& outputs, std::atomic<bool>& stop,
              std::string model_problem);

  bool submit(std::span<const InputEvent> commands) override;
  wire::HealthSnapshot status() override { return health_.latest(); }
  void request_shutdown() override { stop_.store(true); }

 private:
  [[nodiscard]] bool self_test_passes();
  [[nodiscard]] bool commands_settled() const;

  rt::EventQueue::Producer& producer_;
  HealthBoard& health_;
  OutputSet& outputs_;
  std::atomic<bool>& stop_;
  std::string model_problem_;
  std::uint64_t submitted_ = 0;
};

}  // namespace vturn
