#pragma once

#include <string>

#include "daemon/core/expected.hpp"
#include "daemon/pipeline/engine_setup.hpp"
#include "daemon/pipeline/model_slot.hpp"
#include "daemon/publish/control_handler.hpp"
#include "daemon/record/recorder.hpp"
#include "daemon/settings/settings.hpp"

namespace vturn {

/// Another heading model while the session runs: read, checked and prepared here, on the control thread; in the session
/// log before the command that swaps it in.
class ModelLoader {
 public:
  /// `models` as the session began with; `recorder`: nullptr when not recorded.
  ModelLoader(settings::Rig rig, ModelTexts models, record::Recorder* recorder, ModelSlot& slot);

  /// `file` relative to the rig file. From here on the slot offers it, until accept() or withdraw().
  Expected<LoadedModel> offer(const std::string& file);
  /// The command that takes it is queued.
  void accept() { models_ = std::move(next_); }
  void withdraw() noexcept { slot_.withdraw(); }
  void collect() noexcept { slot_.collect(); }

 private:
  settings::Rig rig_;
  ModelTexts models_, next_;
  record::Recorder* recorder_;
  ModelSlot& slot_;
};

}  // namespace vturn
