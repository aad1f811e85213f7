#include "tools/commands/replayed_engine.hpp"

#include <utility>

#include "daemon/record/session_log.hpp"
#include "tools/commands/registry.hpp"

namespace vturn::tools {
namespace {

template <class T>
T value_or_usage_error(Expected<T> value) {
  if (!value) throw UsageError(value.error());
  return *std::move(value);
}

/// Some model that a filter runs on, where only its features are wanted.
SleepModel any_sleep_model() {
  SleepModel model;
  model.features = {SleepFeature::kDelta};
  for (SleepEmission& emission : model.emissions) emission.covariance[0][0] = 1.0;
  return model;
}

}  // namespace

ReplayedEngine::ReplayedEngine(const record::SessionReader& session, std::string name, const Choice& choice)
    : session_(session), name_(std::move(name)), set_(begun_with(choice.config)) {
  follows_ = set_.models.heading == session.attachment(record::kHeadingAttachment);
  EngineSettings settings = value_or_usage_error(engine_settings(set_.rig, set_.models));
  if (choice.sleep_features && !settings.sleep) settings.sleep = any_sleep_model();
  engine_->prepare(settings);
}

ReplayedEngine::Set ReplayedEngine::begun_with(const std::string& config) const {
  if (!config.empty()) {
    const auto rig = value_or_usage_error(settings::load_rig(config));
    return {rig, value_or_usage_error(load_models(rig))};
  }
  const std::string own = session_.attachment(record::kConfigAttachment);
  if (own.empty()) throw UsageError(name_ + ": holds no configuration; give one with --config RIG.toml");
  return {value_or_usage_error(settings::parse_rig(own, name_ + ":config.toml")),
          {session_.attachment(record::kHeadingAttachment), session_.attachment(record::kSleepAttachment),
           session_.attachment(record::kCellsAttachment)}};
}

void ReplayedEngine::step(const InputEvent& event, OutputBuffer& out) {
  std::unique_ptr<HeadingSet> loaded;
  const bool loads = event.kind == InputKind::kCommand && event.payload.command.command == CommandKind::kLoadModel;
  if (loads && follows_) {
    loaded = std::make_unique<HeadingSet>();
    loaded->prepare(loaded_settings(static_cast<std::uint64_t>(event.payload.command.value_ns)));
    engine_->offer(*loaded);
  }
  engine_->step(event, out);
}

EngineSettings ReplayedEngine::loaded_settings(std::uint64_t hash) {
  const std::string attachment = record::loaded_heading_attachment(hash);
  set_.models.heading = session_.attachment(attachment);
  if (set_.models.heading.empty()) throw UsageError(name_ + ": lacks the model " + attachment + " that it loads");
  set_.rig.heading.model = name_ + ":" + attachment;
  return value_or_usage_error(engine_settings(set_.rig, set_.models));
}

}  // namespace vturn::tools
