#pragma once

#include <atomic>
#include <string>

#include "daemon/pipeline/health.hpp"
#include "daemon/pipeline/live_calibration.hpp"
#include "daemon/pipeline/model_loader.hpp"
#include "daemon/pipeline/output_set.hpp"
#include "daemon/publish/control_handler.hpp"
#include "daemon/rt/event_queue.hpp"

namespace vturn {

/// Where operators' requests enter the pipeline: as input events, through a producer of their own. Control thread.
class ControlDesk final : public ControlTarget {
 public:
  struct Parts {
    rt::EventQueue::Producer& producer;
    HealthBoard& health;
    OutputSet& outputs;
    ModelLoader& models;
    LiveCalibration& calibration;
    std::atomic<bool>& stop;
  };
  /// `model_problem`: "" when the models passed their own check.
  ControlDesk(const Parts& parts, std::string model_problem)
      : parts_(parts), model_problem_(std::move(model_problem)) {}

  std::string submit(std::span<const InputEvent> commands) override;
  wire::HealthSnapshot status() override { return parts_.health.latest(); }
  Expected<LoadedModel> load_model(const std::string& file, std::uint32_t request) override;
  std::string calibrate(const InputEvent& command) override;
  std::optional<wire::CalibrationSnapshot> calibration() override;
  void request_shutdown() override { parts_.stop.store(true); }

 private:
  /// The devices may only be touched while nothing can fire, and an arming still on its way would let it.
  [[nodiscard]] bool may_self_test() const { return commands_settled() && !parts_.health.armed(); }
  [[nodiscard]] bool self_test_passes();
  [[nodiscard]] bool commands_settled() const;

  Parts parts_;
  std::string model_problem_;
  std::uint64_t submitted_ = 0;
};

}  // namespace vturn
