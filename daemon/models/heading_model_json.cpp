#include "daemon/models/heading_model_json.hpp"

#include <cstdio>

#include "daemon/decode/heading_filter.hpp"
#include "daemon/models/json_keys.hpp"

namespace vturn {
namespace {

using namespace model_json;

float number_at(const Json& parent, const std::string& key, const std::string& where) {
  return model_json::number_at<float>(parent, key, where);
}

template <std::size_t n>
std::array<float, n> numbers_at(const Json& parent, const std::string& key, const std::string& where) {
  const std::string path = where + key;
  const Json& values = list(child(parent, key, path), n, path);
  std::array<float, n> result{};
  for (std::size_t i = 0; i < n; ++i) result[i] = number<float>(values[i], path + "[" + std::to_string(i) + "]");
  return result;
}

void check_version(const Json& root) {
  check_schema(root, std::string(kHeadingModelSchema), kHeadingModelSchemaVersion, "heading model",
               "vturn calibrate heading");
  if (child(root, "angles", "angles") != kHeadingAngles || child(root, "rows", "rows") != kVelocityRows) {
    throw BadModel("keys 'angles' and 'rows' must be 128 and 17: the model was made by another version of vturn");
  }
}

HeadingUnit read_unit(const Json& value, const std::string& where) {
  HeadingUnit unit;
  const Json& id = child(value, "unit", where + "unit");
  if (!id.is_number_integer() || id < 0 || id >= kMaxUnits) {
    throw BadModel("key '" + where + "unit' must be a whole number from 0 to " + std::to_string(kMaxUnits - 1));
  }
  unit.unit = id.get<UnitId>();
  unit.mean_rate_hz = number_at(value, "mean_rate_hz", where);
  unit.information_bits_per_spike = number_at(value, "information_bits_per_spike", where);
  unit.rate_hz = numbers_at<kHeadingAngles>(value, "rate_hz", where);
  return unit;
}

HeadingDynamics read_dynamics(const Json& root, Dynamics set) {
  const std::string path = std::string("dynamics.") + name_of(set);
  const Json& value = child(child(root, "dynamics", "dynamics"), name_of(set), path);
  const std::string where = path + ".";
  HeadingDynamics dynamics;
  dynamics.name = text_at(value, "name", where);
  dynamics.velocity_rad_s = numbers_at<kVelocityRows>(value, "velocity_rad_s", where);
  dynamics.hop_up_hz = numbers_at<kVelocityRows>(value, "hop_up_hz", where);
  dynamics.hop_down_hz = numbers_at<kVelocityRows>(value, "hop_down_hz", where);
  dynamics.enter = numbers_at<kVelocityRows>(value, "enter", where);
  dynamics.rest_to_turn_hz = number_at(value, "rest_to_turn_hz", where);
  dynamics.turn_to_rest_hz = number_at(value, "turn_to_rest_hz", where);
  return dynamics;
}

/// `nats`: what a row calls its threshold.
std::vector<HeadingTurnThreshold> read_turn_thresholds(const Json& root, const char* key, const char* nats) {
  constexpr std::size_t kMost = 100;
  const Json& list = child(root, key, key);
  if (!list.is_array() || list.size() > kMost) throw BadModel(std::string("key '") + key + "' must be a list");
  std::vector<HeadingTurnThreshold> thresholds;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string where = std::string(key) + "[" + std::to_string(i) + "].";
    const auto value = [&](const char* name) { return static_cast<double>(number_at(list[i], name, where)); };
    thresholds.push_back(
        {value("false_alarms_per_minute"), value(nats), value("low_per_minute"), value("high_per_minute")});
    const bool falls = i == 0 || thresholds[i].false_alarms_per_minute < thresholds[i - 1].false_alarms_per_minute;
    if (!(thresholds[i].false_alarms_per_minute > 0.0) || !falls) {
      throw BadModel("key '" + where + "false_alarms_per_minute' must be above 0 and fall from row to row");
    }
  }
  return thresholds;
}

Json write_turn_thresholds(const std::vector<HeadingTurnThreshold>& thresholds, const char* nats) {
  Json list = Json::array();
  for (const HeadingTurnThreshold& row : thresholds) {
    list.push_back({{"false_alarms_per_minute", row.false_alarms_per_minute},
                    {nats, row.threshold_nats},
                    {"low_per_minute", row.low_per_minute},
                    {"high_per_minute", row.high_per_minute}});
  }
  return list;
}

Handedness read_handedness(const Json& root) {
  const std::string text = text_at(root, "handedness", "");
  if (text == "confirmed") return Handedness::kConfirmed;
  if (text == "unconfirmed") return Handedness::kUnconfirmed;
  throw BadModel("key 'handedness' must be 'confirmed' or 'unconfirmed'");
}

HeadingFigures read_figures(const Json& root) {
  const Json& value = child(root, "cross_validated", "cross_validated");
  const double steps = figure(value, "steps");
  if (!(steps >= 0.0 && steps < 1e15)) throw BadModel("key 'cross_validated.steps' must be a count");
  return {.median_abs_error_deg = figure(value, "median_abs_error_deg"),
          .mean_abs_error_deg = figure(value, "mean_abs_error_deg"),
          .p90_abs_error_deg = figure(value, "p90_abs_error_deg"),
          .coverage_95 = figure(value, "coverage_95"),
          .memoryless_200ms_median_abs_error_deg = figure(value, "memoryless_200ms_median_abs_error_deg"),
          .steps = static_cast<std::uint64_t>(steps),
          .duration_s = figure(value, "duration_s")};
}

constexpr std::array<Dynamics, 3> kSets = {Dynamics::kWake, Dynamics::kRem, Dynamics::kNrem};

HeadingModel read_model(const Json& root) {
  check_version(root);
  HeadingModel model;
  model.temper = number_at(root, "temper", "");
  model.lag_s = number_at(root, "lag_s", "");
  model.frame_sd_rad = number_at(root, "frame_sd_rad", "");
  model.rate_floor_hz = number_at(root, "rate_floor_hz", "");
  model.gain_tau_s = number_at(root, "gain_tau_s", "");
  model.gain_min = number_at(root, "gain_min", "");
  model.gain_max = number_at(root, "gain_max", "");
  model.evidence_tau_s = number_at(root, "evidence_tau_s", "");
  model.handedness = read_handedness(root);
  model.cross_validated = read_figures(root);
  model.turn_thresholds = read_turn_thresholds(root, "turn_thresholds", "log_odds");
  if (root.contains("cusum_thresholds"))
    model.cusum_thresholds = read_turn_thresholds(root, "cusum_thresholds", "nats");
  for (const Dynamics set : kSets) model.dynamics[static_cast<std::size_t>(set)] = read_dynamics(root, set);
  const Json& units = child(root, "units", "units");
  if (!units.is_array() || units.empty() || units.size() > kMaxUnits) {
    throw BadModel("key 'units' must list 1 to " + std::to_string(kMaxUnits) + " units");
  }
  for (std::size_t i = 0; i < units.size(); ++i) {
    model.units.push_back(read_unit(units[i], "units[" + std::to_string(i) + "]."));
  }
  HeadingFilter().prepare(model, Kernel::scalar);
  model.hash = model_hash(model);
  return model;
}

Json write_dynamics(const HeadingDynamics& dynamics) {
  return {{"name", dynamics.name},
          {"velocity_rad_s", dynamics.velocity_rad_s},
          {"hop_up_hz", dynamics.hop_up_hz},
          {"hop_down_hz", dynamics.hop_down_hz},
          {"enter", dynamics.enter},
          {"rest_to_turn_hz", dynamics.rest_to_turn_hz},
          {"turn_to_rest_hz", dynamics.turn_to_rest_hz}};
}

Json write_figures(const HeadingFigures& figures) {
  return {{"median_abs_error_deg", finite(figures.median_abs_error_deg)},
          {"mean_abs_error_deg", finite(figures.mean_abs_error_deg)},
          {"p90_abs_error_deg", finite(figures.p90_abs_error_deg)},
          {"coverage_95", finite(figures.coverage_95)},
          {"memoryless_200ms_median_abs_error_deg", finite(figures.memoryless_200ms_median_abs_error_deg)},
          {"steps", figures.steps},
          {"duration_s", finite(figures.duration_s)}};
}

std::string hexadecimal(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

}  // namespace

std::string heading_model_to_json(const HeadingModel& model) {
  Json root;
  root["schema"] = kHeadingModelSchema;
  root["schema_version"] = kHeadingModelSchemaVersion;
  root["hash"] = hexadecimal(model_hash(model));
  root["angles"] = kHeadingAngles;
  root["rows"] = kVelocityRows;
  root["handedness"] = model.handedness == Handedness::kConfirmed ? "confirmed" : "unconfirmed";
  root["temper"] = model.temper;
  root["lag_s"] = model.lag_s;
  root["frame_sd_rad"] = model.frame_sd_rad;
  root["rate_floor_hz"] = model.rate_floor_hz;
  root["gain_tau_s"] = model.gain_tau_s;
  root["gain_min"] = model.gain_min;
  root["gain_max"] = model.gain_max;
  root["evidence_tau_s"] = model.evidence_tau_s;
  root["cross_validated"] = write_figures(model.cross_validated);
  root["turn_thresholds"] = write_turn_thresholds(model.turn_thresholds, "log_odds");
  if (!model.cusum_thresholds.empty()) root["cusum_thresholds"] = write_turn_thresholds(model.cusum_thresholds, "nats");
  for (const Dynamics set : kSets) {
    root["dynamics"][name_of(set)] = write_dynamics(model.dynamics[static_cast<std::size_t>(set)]);
  }
  root["units"] = Json::array();
  for (const HeadingUnit& unit : model.units) {
    root["units"].push_back({{"unit", unit.unit},
                             {"mean_rate_hz", unit.mean_rate_hz},
                             {"information_bits_per_spike", unit.information_bits_per_spike},
                             {"rate_hz", unit.rate_hz}});
  }
  return root.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Expected<HeadingModel> heading_model_from_json(std::string_view text, const std::string& file) {
  try {
    return read_model(Json::parse(text));
  } catch (const nlohmann::json::parse_error& error) {
    return Error{file + ": not JSON at byte " + std::to_string(error.byte) + "; calibrate again or restore the file"};
  } catch (const std::exception& error) {
    return Error{file + ": " + error.what()};
  }
}

}  // namespace vturn
