#include "daemon/models/sleep_model_json.hpp"

#include "daemon/models/json_keys.hpp"

namespace vturn {
namespace {

using namespace model_json;

constexpr std::array<const char*, kSleepStates> kStates = {"wake", "nrem", "rem"};

std::vector<SleepFeature> read_features(const Json& root) {
  const Json& names = child(root, "features", "features");
  if (!names.is_array() || names.empty() || names.size() > kSleepFeatures) {
    throw BadModel("key 'features' must list 1 to " + std::to_string(kSleepFeatures) + " feature names");
  }
  std::vector<SleepFeature> result;
  for (const Json& name : names) {
    const auto feature = name.is_string() ? sleep_feature_from_name(name.get<std::string>()) : std::nullopt;
    if (!feature) {
      throw BadModel("key 'features' holds " + name.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, 40) +
                     "; allowed: " + sleep_feature_names());
    }
    result.push_back(*feature);
  }
  return result;
}

SleepEmission read_emission(const Json& root, const char* state, std::size_t n) {
  const std::string path = std::string("states.") + state;
  const Json& object = child(child(root, "states", "states"), state, path);
  const Json& mean = list(child(object, "mean", path + ".mean"), n, path + ".mean");
  const Json& covariance = list(child(object, "covariance", path + ".covariance"), n, path + ".covariance");
  SleepEmission result;
  for (std::size_t i = 0; i < n; ++i) {
    result.mean[i] = number<double>(mean[i], path + ".mean");
    const Json& row = list(covariance[i], n, path + ".covariance");
    for (std::size_t j = 0; j < n; ++j) result.covariance[i][j] = number<double>(row[j], path + ".covariance");
  }
  return result;
}

TransitionMatrix read_transitions(const Json& root) {
  const Json& rows =
      list(child(root, "transitions_per_4_s", "transitions_per_4_s"), kSleepStates, "transitions_per_4_s");
  TransitionMatrix result{};
  for (std::size_t i = 0; i < kSleepStates; ++i) {
    const Json& row = list(rows[i], kSleepStates, "transitions_per_4_s");
    for (std::size_t j = 0; j < kSleepStates; ++j) result[i][j] = number<double>(row[j], "transitions_per_4_s");
  }
  return result;
}

void read_settings(const Json& root, SleepModel& model) {
  const Json& filter = child(root, "filter", "filter");
  model.epoch_s = number_at<double>(root, "epoch_s", "");
  model.evidence_constant_s = number_at<double>(filter, "evidence_constant_s", "filter.");
  model.adaptation_s = number_at<double>(filter, "adaptation_s", "filter.");
  model.gain_fit_s = number_at<double>(filter, "gain_fit_s", "filter.");
  model.gain_prior_sd = number_at<double>(filter, "gain_prior_sd", "filter.");
  model.rem_on = number_at<double>(filter, "rem_on", "filter.");
  model.rem_off = number_at<double>(filter, "rem_off", "filter.");
  model.switch_probability = number_at<double>(filter, "switch_probability", "filter.");
  model.confirm_s = number_at<double>(filter, "confirm_s", "filter.");
  model.unknown_after_s = number_at<double>(filter, "unknown_after_s", "filter.");
}

MotionReference read_motion(const Json& root, const char* signal) {
  const std::string path = std::string("movement.") + signal;
  const Json& movement = child(root, "movement", "movement");
  if (!movement.contains(signal) || movement[signal].is_null()) return {};
  const Json& value = movement[signal];
  return {true, number_at<double>(value, "nrem_median", path + "."), number_at<double>(value, "nrem_mad", path + "."),
          number_at<double>(value, "threshold_mads", path + ".")};
}

ThresholdRules read_rules(const Json& root) {
  const Json& value = child(root, "three_thresholds", "three_thresholds");
  if (value.is_null()) return {};
  return {true, number_at<double>(value, "log_emg", "three_thresholds."),
          number_at<double>(value, "log_delta", "three_thresholds."),
          number_at<double>(value, "log_theta_over_delta", "three_thresholds.")};
}

/// Later than the schema's first files: may be missing.
YpnosRule read_ypnos(const Json& root) {
  const auto value = root.find("ypnos_like");
  if (value == root.end() || value->is_null()) return {};
  return {true, number_at<double>(*value, "emg_of_range", "ypnos_like."),
          number_at<double>(*value, "log_delta_over_theta", "ypnos_like.")};
}

/// In models that somebody made by hand only.
ManualThresholds read_manual(const Json& root) {
  const auto value = root.find("manual_thresholds");
  if (value == root.end() || value->is_null()) return {};
  const std::string where = "manual_thresholds.";
  const ThresholdRules rules{true, number_at<double>(*value, "log_emg", where),
                             number_at<double>(*value, "log_delta", where),
                             number_at<double>(*value, "log_theta_over_delta", where)};
  return {true, rules, number_at<double>(*value, "margin", where)};
}

std::size_t read_count(const Json& parent, const char* key, const std::string& path) {
  const double value = number<double>(child(parent, key, path), path);
  if (!(value >= 0.0 && value <= 1e12)) throw BadModel("key '" + path + "' must be a count");
  return static_cast<std::size_t>(value);
}

void read_figures(const Json& root, SleepModel& model) {
  const Json& figures = child(root, "cross_validated", "cross_validated");
  model.cv_kappa = figure(figures, "kappa");
  model.cv_rem_f1 = figure(figures, "rem_f1");
  model.cv_onset_latency_s = figure(figures, "onset_latency_median_s");
  const Json& data = child(root, "data", "data");
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    model.epochs[s] =
        read_count(child(data, "epochs", "data.epochs"), kStates[s], std::string("data.epochs.") + kStates[s]);
  }
  model.data_hash = text_at(data, "hash", "data.");
}

SleepModel read_model(const Json& root) {
  check_schema(root, std::string(kSleepModelSchema), kSleepModelSchemaVersion, "sleep model", "vturn calibrate sleep");
  SleepModel model;
  model.features = read_features(root);
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    model.emissions[s] = read_emission(root, kStates[s], model.features.size());
  }
  model.transitions = read_transitions(root);
  read_settings(root, model);
  model.motion = read_motion(root, "motion");
  model.emg = read_motion(root, "emg");
  model.emg_lfp = read_motion(root, "emg_lfp");
  model.rules = read_rules(root);
  model.ypnos = read_ypnos(root);
  model.manual = read_manual(root);
  read_figures(root, model);
  if (auto problem = model_problem(model); !problem.empty()) throw BadModel(problem);
  model.hash = model_hash(model);
  return model;
}

Json write_emission(const SleepEmission& emission, std::size_t n) {
  Json result = {{"mean", Json::array()}, {"covariance", Json::array()}};
  for (std::size_t i = 0; i < n; ++i) {
    result["mean"].push_back(emission.mean[i]);
    Json row = Json::array();
    for (std::size_t j = 0; j < n; ++j) row.push_back(emission.covariance[i][j]);
    result["covariance"].push_back(row);
  }
  return result;
}

Json write_motion(const MotionReference& reference) {
  if (!reference.known) return nullptr;
  return {{"nrem_median", reference.nrem_median},
          {"nrem_mad", reference.nrem_mad},
          {"threshold_mads", reference.threshold}};
}

Json write_rules(const ThresholdRules& rules) {
  if (!rules.known) return nullptr;
  return {{"log_emg", rules.log_emg}, {"log_delta", rules.log_delta}, {"log_theta_over_delta", rules.log_ratio}};
}

Json write_ypnos(const YpnosRule& rule) {
  if (!rule.known) return nullptr;
  return {{"emg_of_range", rule.emg}, {"log_delta_over_theta", rule.log_ratio}};
}

}  // namespace

std::string sleep_model_to_json(const SleepModel& model) {
  Json root;
  root["schema"] = kSleepModelSchema;
  root["schema_version"] = kSleepModelSchemaVersion;
  root["epoch_s"] = model.epoch_s;
  for (SleepFeature feature : model.features)
    root["features"].push_back(kSleepFeatureNames[static_cast<std::size_t>(feature)]);
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    root["states"][kStates[s]] = write_emission(model.emissions[s], model.features.size());
  }
  root["transitions_per_4_s"] = model.transitions;
  root["filter"] = {{"evidence_constant_s", model.evidence_constant_s},
                    {"adaptation_s", model.adaptation_s},
                    {"gain_fit_s", model.gain_fit_s},
                    {"gain_prior_sd", model.gain_prior_sd},
                    {"rem_on", model.rem_on},
                    {"rem_off", model.rem_off},
                    {"switch_probability", model.switch_probability},
                    {"confirm_s", model.confirm_s},
                    {"unknown_after_s", model.unknown_after_s}};
  root["movement"] = {{"motion", write_motion(model.motion)},
                      {"emg", write_motion(model.emg)},
                      {"emg_lfp", write_motion(model.emg_lfp)}};
  root["three_thresholds"] = write_rules(model.rules);
  root["ypnos_like"] = write_ypnos(model.ypnos);
  if (model.manual.known) {
    root["manual_thresholds"] = write_rules(model.manual.rules);
    root["manual_thresholds"]["margin"] = model.manual.margin;
  }
  root["cross_validated"] = {{"kappa", finite(model.cv_kappa)},
                             {"rem_f1", finite(model.cv_rem_f1)},
                             {"onset_latency_median_s", finite(model.cv_onset_latency_s)}};
  root["data"]["hash"] = model.data_hash;
  for (std::size_t s = 0; s < kSleepStates; ++s) root["data"]["epochs"][kStates[s]] = model.epochs[s];
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Expected<SleepModel> sleep_model_from_json(std::string_view text, const std::string& file) {
  if (text.size() > kMaxSleepModelBytes) return Error{file + ": larger than 1 MB: this is no sleep model"};
  try {
    return read_model(Json::parse(text));
  } catch (const BadModel& bad) {
    return Error{file + ": " + bad.what()};
  } catch (const nlohmann::json::exception& bad) {
    return Error{file + ": not valid JSON: " + bad.what()};
  }
}

}  // namespace vturn
