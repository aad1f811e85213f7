#include "tools/lib/sleep_baselines.hpp"

#include <algorithm>

#include "daemon/sleep/threshold_rules.hpp"
#include "tools/lib/viterbi_scorer.hpp"

namespace vturn::tools {
namespace {

constexpr double kDwellS = 8.0;

}  // namespace

std::vector<SleepBaseline> sleep_baselines(const SleepModel& model, std::span<const LabelledEpoch> epochs) {
  std::vector<SleepBaseline> result;
  if (model.rules.known) {
    result.push_back({"three_thresholds", false, decide_by_rules(model.rules, epochs, 0.0)});
    result.push_back({"three_thresholds_dwell", false, decide_by_rules(model.rules, epochs, kDwellS)});
  }
  if (model.ypnos.known) result.push_back({"ypnos_like", false, decide_by_ypnos(model.ypnos, epochs)});
  result.push_back({"viterbi_frozen", true, viterbi_scorer(model, epochs, false)});
  result.push_back({"viterbi_adapted", true, viterbi_scorer(model, epochs, true)});
  return result;
}

std::vector<SleepBaseline> sleep_baselines(const SleepCalibration& calibration, std::span<const LabelledEpoch> epochs) {
  std::vector<SleepBaseline> joined;
  for (const SleepFold& fold : calibration.folds) {
    for (SleepBaseline& part : sleep_baselines(fold.model, epochs.subspan(fold.begin, fold.end - fold.begin))) {
      const auto same = [&](const SleepBaseline& one) { return one.name == part.name; };
      const auto whole = std::find_if(joined.begin(), joined.end(), same);
      if (whole == joined.end()) {
        joined.push_back(std::move(part));
      } else {
        whole->decisions.insert(whole->decisions.end(), part.decisions.begin(), part.decisions.end());
      }
    }
  }
  return joined;
}

}  // namespace vturn::tools
