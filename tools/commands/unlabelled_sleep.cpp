#include "tools/commands/unlabelled_sleep.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>

#include "daemon/models/sleep_model_json.hpp"
#include "daemon/sleep/template_gain.hpp"
#include "daemon/sleep/threshold_rules.hpp"
#include "daemon/sleep/unsupervised.hpp"
#include "tools/commands/registry.hpp"
#include "tools/commands/sleep_report.hpp"
#include "tools/lib/atomic_file.hpp"

namespace vturn::tools {
namespace {

constexpr double kMarginFactor = 1.1;

void write_model(SleepModel model, const UnlabelledInput& input) {
  model.data_hash = input.table.hash;
  write_file_atomically(input.out, sleep_model_to_json(model));
}

std::optional<SleepScore> score_if_scored(const SleepModel& model, std::span<const LabelledEpoch> epochs) {
  const auto scored = [](const LabelledEpoch& epoch) { return epoch.stage != SleepState::kUnknown; };
  if (std::none_of(epochs.begin(), epochs.end(), scored)) return std::nullopt;
  return score_sleep(truth_of(epochs), epoch_length_s(epochs), decide_epochs(model, epochs));
}

Json score_json(const std::optional<SleepScore>& score, const std::string& out) {
  Json result = score ? sleep_score_json(*score) : Json::object();
  result["model"] = out;
  return result;
}

void print_score(const std::optional<SleepScore>& score) {
  if (!score) {
    std::printf("how well it does is not known without labels: score an hour and run vturn evaluate sleep\n");
    return;
  }
  std::printf("against the stages in this table, which were not used:\n");
  print_sleep_score(*score);
}

/// emg, delta, ratio, margin; NaN where not given.
std::array<double, 4> parse_thresholds(const std::vector<std::string>& texts) {
  constexpr std::array<const char*, 4> names = {"emg=", "delta=", "ratio=", "margin="};
  std::array<double, 4> values{};
  values.fill(std::nan(""));
  for (const std::string& text : texts) {
    const auto name = std::find_if(names.begin(), names.end(), [&](const char* n) { return text.starts_with(n); });
    char* end = nullptr;
    const double value = name == names.end() ? 0.0 : std::strtod(text.c_str() + std::string_view(*name).size(), &end);
    if (!(value > 0.0 && std::isfinite(value)) || *end != '\0')
      throw UsageError("--thresholds: '" + text + "' is none; write emg=POWER,delta=POWER,ratio=THETA/DELTA");
    values[static_cast<std::size_t>(name - names.begin())] = value;
  }
  return values;
}

}  // namespace

int calibrate_unlabelled(const UnlabelledInput& input) {
  const auto found = calibrate_sleep_unsupervised(input.table.epochs);
  if (!found) throw UsageError(input.file + ": no model without labels: " + found.error());
  write_model(found->model, input);
  const auto score = score_if_scored(found->model, input.table.epochs);
  if (input.json) {
    Json result = score_json(score, input.out);
    result["share"] = {{"wake", found->share[0]}, {"nrem", found->share[1]}, {"rem", found->share[2]}};
    result["rem_seeds"] = found->rem_seeds;
    result["tone_separation"] = found->separation;
    print_json(result);
    return 0;
  }
  std::printf("%s: sleep model without labels: wake %.1f %%, NREM %.1f %%, REM %.1f %% of the time; %zu REM seeds\n",
              input.out.c_str(), 100.0 * found->share[0], 100.0 * found->share[1], 100.0 * found->share[2],
              found->rem_seeds);
  print_score(score);
  return 0;
}

int calibrate_from_template(const std::string& saved, const UnlabelledInput& input) {
  const auto model = sleep_model_from_json(read_file(saved, kMaxSleepModelBytes), saved);
  if (!model) throw UsageError(model.error());
  const auto fit = fit_template(*model, input.table.epochs);
  if (!fit) throw UsageError(input.file + ": the template does not fit: " + fit.error());
  write_model(fit->model, input);
  const auto score = score_if_scored(fit->model, input.table.epochs);
  if (input.json) {
    Json result = score_json(score, input.out);
    result["brain_gain"] = fit->brain_gain;
    result["emg_gain"] = fit->emg_gain;
    print_json(result);
    return 0;
  }
  std::printf("%s: %s with the powers of brain signals x %.3g, of EMG x %.3g\n", input.out.c_str(), saved.c_str(),
              fit->brain_gain, fit->emg_gain);
  print_score(score);
  return 0;
}

int write_manual_model(const std::vector<std::string>& thresholds, const std::string& out, bool json) {
  auto [emg, delta, ratio, margin] = parse_thresholds(thresholds);
  if (std::isnan(emg) || std::isnan(delta) || std::isnan(ratio))
    throw UsageError("--thresholds needs emg, delta and ratio (theta/delta)");
  if (std::isnan(margin)) margin = kMarginFactor;
  if (margin < 1.0) throw UsageError("--thresholds: margin is a factor of 1 or more");
  const SleepModel model =
      manual_model({true, {true, std::log(emg), std::log(delta), std::log(ratio)}, std::log(margin)});
  if (auto problem = model_problem(model); !problem.empty()) throw UsageError("--thresholds: " + problem);
  write_file_atomically(out, sleep_model_to_json(model));
  if (json) {
    print_json({{"model", out}, {"emg", emg}, {"delta", delta}, {"ratio", ratio}, {"margin", margin}});
  } else {
    std::printf("%s: thresholds instead of a fitted model; vturn evaluate sleep tells how they do on scored features\n",
                out.c_str());
  }
  return 0;
}

}  // namespace vturn::tools
