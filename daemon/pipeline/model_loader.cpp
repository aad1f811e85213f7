#include "daemon/pipeline/model_loader.hpp"

#include "daemon/models/heading_model_json.hpp"
#include "daemon/pipeline/self_check.hpp"
#include "daemon/record/session_log.hpp"

namespace vturn {

ModelLoader::ModelLoader(settings::Rig rig, ModelTexts models, record::Recorder* recorder, ModelSlot& slot)
    : rig_(std::move(rig)), models_(std::move(models)), recorder_(recorder), slot_(slot) {}

Expected<LoadedModel> ModelLoader::offer(const std::string& file) {
  slot_.collect();
  if (slot_.offered() != nullptr) return Error{"the model before is still being taken over: try again"};
  auto text = settings::read_text(rig_.resolve(file), kMaxHeadingModelBytes >> 20U, "this is not a model of vturn");
  if (!text) return Error{text.error()};
  rig_.heading.model = file;  // errors name it
  next_ = models_;
  next_.heading = std::move(*text);
  const auto settings = engine_settings(rig_, next_);
  if (!settings) return Error{settings.error()};
  if (const std::string problem = heading_self_check(*settings); !problem.empty()) return Error{file + ": " + problem};
  auto set = std::make_unique<HeadingSet>();
  set->prepare(*settings);
  const std::uint64_t hash = models_hash(next_);
  if (recorder_ != nullptr &&
      !recorder_->attach(record::loaded_heading_attachment(hash), "application/json", next_.heading)) {
    return Error{"the session log does not take the model (is its disk stuck?): the former one stays"};
  }
  slot_.offer(std::move(set));
  const HeadingModel& model = *settings->heading;
  return LoadedModel{hash, model.units.size(), model.cross_validated.median_abs_error_deg,
                     model.handedness == Handedness::kConfirmed};
}

}  // namespace vturn
