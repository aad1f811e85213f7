#include <catch2/catch.hpp>

#include "daemon/models/sleep_model_json.hpp"
#include "tests/unit/sleep/synthetic_model.hpp"

using namespace vturn;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string error_of(const std::string& text) {
  const auto model = sleep_model_from_json(text, "night.json");
  REQUIRE_FALSE(model);
  return model.error();
}

}  // namespace

TEST_CASE("a sleep model survives the file exactly") {
  SleepModel model = test::synthetic_model();
  model.emissions[1].mean[0] = 0.1 + 0.2;
  model.rules = {true, 1.0 / 3.0, 2.0, -0.7};
  model.ypnos = {true, 0.4, -1.0 / 7.0};
  model.data_hash = "00ff";
  model.epochs = {10, 20, 30};
  model.cv_kappa = std::nan("");
  const auto read = sleep_model_from_json(sleep_model_to_json(model), "night.json");
  REQUIRE(read);
  CHECK(read->hash == model_hash(model));
  CHECK(read->emissions[1].mean == model.emissions[1].mean);
  CHECK(read->rules.log_emg == model.rules.log_emg);
  CHECK(read->ypnos.emg == model.ypnos.emg);
  CHECK(read->ypnos.log_ratio == model.ypnos.log_ratio);
  CHECK(read->epochs == model.epochs);
  CHECK(read->data_hash == "00ff");
  CHECK(std::isnan(read->cv_kappa));
  CHECK_FALSE(read->motion.known);
  CHECK(read->emg.nrem_median == model.emg.nrem_median);
  CHECK(sleep_model_to_json(*read) == sleep_model_to_json(model));
}

TEST_CASE("a bad sleep model file names file and key") {
  using Catch::Matchers::Contains;
  const std::string good = sleep_model_to_json(test::synthetic_model());
  CHECK_THAT(error_of("{"), Contains("night.json") && Contains("not valid JSON"));
  CHECK_THAT(error_of("[]"), Contains("'schema' is missing"));
  CHECK_THAT(error_of(replaced(good, "vturn.sleep_model", "vturn.heading_model")), Contains("no sleep model"));
  CHECK_THAT(error_of(replaced(good, "\"schema_version\": 1", "\"schema_version\": 9")), Contains("calibrate again"));
  CHECK_THAT(error_of(replaced(good, "\"delta\"", "\"dleta\"")), Contains("features") && Contains("dleta"));
  CHECK_THAT(error_of(replaced(good, "\"delta\"", "\"theta\"")), Contains("one twice"));
  CHECK_THAT(error_of(replaced(good, "\"rem_on\": 0.9", "\"rem_on\": 1.5")), Contains("rem_on") && Contains("allowed"));
  CHECK_THAT(error_of(replaced(good, "\"adaptation_s\": 900.0", "\"adaptation_s\": \"long\"")),
             Contains("filter.adaptation_s"));
  CHECK_THAT(error_of(replaced(good, "0.97295", "0.5")), Contains("transitions") && Contains("sums to"));
  SleepModel model = test::synthetic_model();
  model.emissions[2].covariance[0][1] = model.emissions[2].covariance[1][0] = 5.0;
  CHECK_THAT(error_of(sleep_model_to_json(model)), Contains("positive definite"));
  CHECK_THAT(error_of(std::string(kMaxSleepModelBytes + 1, ' ')), Contains("larger"));
}
