#include "daemon/models/heading_model_json.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/decode/ring.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

HeadingModel example() {
  HeadingModel model = model_of(random_cells(5, 1), ornstein_uhlenbeck(1.7, 0.25));
  model.temper = 0.7F;
  model.lag_s = -0.02F;
  model.frame_sd_rad = 0.1F;
  model.handedness = Handedness::kConfirmed;
  model.cross_validated.median_abs_error_deg = 10.5;
  model.cross_validated.memoryless_200ms_median_abs_error_deg = std::nan("");
  model.cross_validated.steps = 78'250;
  model.hash = model_hash(model);
  return model;
}

/// The error of a model whose JSON was changed by `change`.
template <class Change>
std::string error_after(Change change) {
  auto root = nlohmann::ordered_json::parse(heading_model_to_json(example()));
  change(root);
  const auto model = heading_model_from_json(root.dump(), "m.json");
  return model ? "" : model.error();
}

}  // namespace

TEST_CASE("a heading model comes back from JSON with the same bits and hash") {
  const HeadingModel model = example();
  const auto back = heading_model_from_json(heading_model_to_json(model), "m.json");
  REQUIRE(back);
  CHECK(back->hash == model.hash);
  CHECK(back->units.size() == 5);
  CHECK(back->units[3].rate_hz == model.units[3].rate_hz);
  CHECK(back->dynamics[2].velocity_rad_s == model.dynamics[2].velocity_rad_s);
  CHECK(back->dynamics[0].name == model.dynamics[0].name);
  CHECK(back->handedness == Handedness::kConfirmed);
  CHECK(back->cross_validated.median_abs_error_deg == 10.5);
  CHECK(std::isnan(back->cross_validated.memoryless_200ms_median_abs_error_deg));
  CHECK(back->cross_validated.steps == 78'250);
  CHECK(back->cusum_thresholds.empty());
}

TEST_CASE("thresholds of both turn detectors come back, and rows out of order are refused") {
  HeadingModel model = example();
  model.turn_thresholds = {{2.0, 0.1, 1.8, 2.2}, {1.0, 0.6, 0.8, 1.2}};
  model.cusum_thresholds = {{2.0, 3.5, 1.8, 2.2}, {1.0, 4.25, 0.8, 1.2}};
  const auto back = heading_model_from_json(heading_model_to_json(model), "m.json");
  REQUIRE(back);
  CHECK(back->turn_thresholds.at(1).threshold_nats == Approx(0.6));
  CHECK(back->cusum_thresholds.at(1).threshold_nats == 4.25);
  CHECK(back->cusum_thresholds.at(0).high_per_minute == Approx(2.2));
  std::swap(model.cusum_thresholds[0], model.cusum_thresholds[1]);
  const auto refused = heading_model_from_json(heading_model_to_json(model), "m.json");
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error(), Catch::Contains("m.json") && Catch::Contains("cusum_thresholds[1]"));
}

TEST_CASE("every field that the filter uses is in the hash") {
  const HeadingModel model = example();
  HeadingModel changed = model;
  changed.units[4].rate_hz[127] += 0.001F;
  CHECK(model_hash(changed) != model.hash);
  changed = model;
  changed.dynamics[1].turn_to_rest_hz += 0.1F;
  CHECK(model_hash(changed) != model.hash);
  changed = model;
  changed.frame_sd_rad += 0.1F;
  CHECK(model_hash(changed) != model.hash);
  changed = model;
  changed.handedness = Handedness::kUnconfirmed;
  CHECK(model_hash(changed) != model.hash);
  changed = model;
  changed.cross_validated.steps = 1;
  CHECK(model_hash(changed) == model.hash);
}

TEST_CASE("errors of a heading model name the file, the key and what to do") {
  using Json = nlohmann::ordered_json;
  CHECK_THAT(error_after([](Json& j) { j["schema"] = "vturn.sleep_model"; }),
             Catch::Contains("m.json") && Catch::Contains("calibrate heading"));
  CHECK_THAT(error_after([](Json& j) { j["schema_version"] = 99; }), Catch::Contains("calibrate again"));
  CHECK_THAT(error_after([](Json& j) { j.erase("temper"); }), Catch::Contains("'temper' is missing"));
  CHECK_THAT(error_after([](Json& j) { j["temper"] = 7; }), Catch::Contains("temper must be in (0, 1]"));
  CHECK_THAT(error_after([](Json& j) { j["units"][2].erase("rate_hz"); }), Catch::Contains("units[2].rate_hz"));
  CHECK_THAT(error_after([](Json& j) { j["units"][2]["rate_hz"][7] = "x"; }), Catch::Contains("units[2].rate_hz[7]"));
  CHECK_THAT(error_after([](Json& j) { j["units"][2]["unit"] = -1; }), Catch::Contains("units[2].unit"));
  CHECK_THAT(error_after([](Json& j) { j["units"][2]["unit"] = 0; }), Catch::Contains("twice"));
  CHECK_THAT(error_after([](Json& j) { j["units"] = Json::array(); }), Catch::Contains("'units'"));
  CHECK_THAT(error_after([](Json& j) { j["dynamics"]["rem"]["enter"].erase(0); }),
             Catch::Contains("dynamics.rem.enter"));
  CHECK_THAT(error_after([](Json& j) { j["handedness"] = "left"; }), Catch::Contains("handedness"));
  const auto not_json = heading_model_from_json("{\"schema\": ", "m.json");
  REQUIRE_FALSE(not_json);
  CHECK_THAT(not_json.error(), Catch::Contains("m.json: not JSON at byte"));
}
