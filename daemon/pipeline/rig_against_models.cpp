#include "daemon/pipeline/rig_against_models.hpp"

#include <algorithm>
#include <iterator>

#include "daemon/sleep/sleep_features.hpp"

namespace vturn {
namespace {

using settings::Rig;
using settings::Rule;

bool has_units(const Rig& rig) {
  return std::any_of(rig.sources.begin(), rig.sources.end(),
                     [](const auto& source) { return source.carries_spikes(); });
}

bool gives(const Rig& rig, SleepFeature feature) {
  const settings::Sleep& sleep = rig.sleep;
  switch (feature) {
    case SleepFeature::kEmg:
      return !sleep.emg.empty();
    case SleepFeature::kMotion:
      return !sleep.motion.empty();
    case SleepFeature::kEmgLfp:
      return !sleep.emg_lfp.empty();
    case SleepFeature::kAlpha:
      return false;
    case SleepFeature::kTurnSpeed:
    case SleepFeature::kEvidence:
      return has_units(rig) && !rig.heading.model.empty();
    case SleepFeature::kRate:
    case SleepFeature::kSilence:
    case SleepFeature::kFano:
      return has_units(rig);
    default:
      return !sleep.theta.empty() || !sleep.slow.empty();  // either channel stands in for the other
  }
}

std::string missing_features(const Rig& rig, const SleepModel& model) {
  std::vector<SleepFeature> missing;
  std::copy_if(model.features.begin(), model.features.end(), std::back_inserter(missing),
               [&](SleepFeature feature) { return !gives(rig, feature); });
  return sleep_feature_names(missing);
}

bool stimulates(const Rig& rig) {
  return std::any_of(rig.rules.begin(), rig.rules.end(), [](const Rule& rule) { return rule.state != "WAKE"; });
}

}  // namespace

bool tells_movement(const Rig& rig, const SleepModel& model) {
  return (model.motion.known && !rig.sleep.motion.empty()) || (model.emg.known && !rig.sleep.emg.empty());
}

std::string rules_without_signal(const Rig& rig, const SleepModel& model) {
  const std::string missing = missing_features(rig, model);
  if (!model.manual.known || missing.empty()) return "";
  return rig.sleep.model + ": has thresholds of " + missing +
         ", for which [sleep] channels of the rig file give no signal: add the channel, or calibrate without it";
}

std::vector<std::string> rig_warnings(const Rig& rig, const SleepModel* model) {
  std::vector<std::string> lines;
  if (model != nullptr) {
    const std::string missing = missing_features(rig, *model);
    if (!missing.empty()) {
      lines.push_back("sleep model " + rig.sleep.model + " was made with " + missing +
                      ", which this rig does not give: sleep is scored without, and less surely");
    }
    if (stimulates(rig) && !tells_movement(rig, *model)) {
      lines.push_back("no signal of this rig tells movement to sleep model " + rig.sleep.model +
                      ": arming asks for an acknowledgement, as nothing will hold stimulation when the animal moves");
    }
  }
  for (const Rule& rule : rig.rules) {
    if (rule.when != "turn" || rule.state == "REM") continue;
    lines.push_back("rule \"" + rule.name + "\" waits for turns in " + rule.state +
                    ": false_alarms_per_minute is calibrated for REM only and says nothing there");
  }
  return lines;
}

}  // namespace vturn
