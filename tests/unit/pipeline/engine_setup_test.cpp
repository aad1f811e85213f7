// Which sources a rule rests on, and what a rig is told when its models ask for more than it gives.
#include "daemon/pipeline/engine_setup.hpp"

#include <catch2/catch.hpp>

#include "daemon/models/heading_model_json.hpp"
#include "daemon/models/sleep_model_json.hpp"
#include "daemon/pipeline/rig_against_models.hpp"
#include "tests/unit/engine/mouse_inputs.hpp"

using namespace vturn;
using Catch::Matchers::Contains;

namespace {

const std::string kRules =
    "[[output]]\nname = \"laser\"\ntype = \"mock\"\n"
    "[[rule]]\nname = \"turns\"\nwhen = \"turn\"\noutput = \"laser\"\n"
    "[[rule]]\nname = \"onset\"\nwhen = \"sleep\"\noutput = \"laser\"\n";
const std::string kModels = "[heading]\nmodel = \"h.json\"\n[turns]\nlog_odds = 2\n";

std::string sleep(const std::string& channels) {
  return "[sleep]\nmodel = \"s.json\"\n[sleep.channels]\n" + channels + "\n";
}
std::string source(const std::string& name, const std::string& type, const std::string& clock,
                   const std::string& more = "") {
  return "[[source]]\nname = \"" + name + "\"\ntype = \"" + type + "\"\nclock = \"" + clock + "\"\n" + more + "\n";
}
const std::string kRhx = source("rhx", "intan_rhx", "master", "spike_channels = [\"A-000\"]");
const std::string kGui = source("gui", "open_ephys", "arrival");

settings::Rig rig_of(const std::string& text) {
  auto rig = settings::parse_rig(text, "rig.toml");
  if (!rig) FAIL(rig.error());
  return *rig;
}

SleepModel sleep_model(bool movement) {
  SleepModel model = test::sleep_model();
  if (movement) model.emg = {true, 4.0, 1.0, 4.0};
  return model;
}

Expected<EngineSettings> settings_of(const settings::Rig& rig, const SleepModel& model) {
  return engine_settings(rig, {heading_model_to_json(test::ring_model()), sleep_model_to_json(model), ""});
}

EngineSettings good_settings_of(const std::string& text, bool movement = true) {
  auto settings = settings_of(rig_of(text), sleep_model(movement));
  if (!settings) FAIL(settings.error());
  return *settings;
}

}  // namespace

TEST_CASE("a rule of turns rests on the sources of spikes and of sleep, whatever program they come from") {
  const auto settings =
      good_settings_of(kRhx + kGui + kModels + sleep("theta = \"gui/CH1\"\nemg = \"gui/CH2\"") + kRules);
  CHECK(settings.trigger.rules[0].sources == 0b11);
  CHECK(settings.trigger.rules[1].sources == 0b10);
  CHECK(settings.sleep_sources == 0b10);
}

TEST_CASE("an RHX of spikes alone is enough for a rule of turns") {
  const auto settings = good_settings_of(kRhx + kModels + "[sleep]\nmodel = \"s.json\"\n" +
                                         "[[output]]\nname = \"laser\"\ntype = \"mock\"\n[[rule]]\nname = \"t\"\n"
                                         "when = \"turn\"\noutput = \"laser\"\n");
  CHECK(settings.trigger.rules[0].sources == 1);
}

TEST_CASE("no rule rests on a tracker, a continuous feed or an RHX without spike channels") {
  const std::string imu =
      source("imu", "open_ephys", "arrival", "heading_from = \"euler\"\nyaw = \"clockwise\"\nstream = \"imu\"");
  for (const std::string& beside : {imu, source("wide", "open_ephys", "arrival", "feed = \"falcon\""),
                                    source("camera", "tracking", "arrival"), source("aux", "intan_rhx", "arrival")}) {
    const std::string master = source("gui", "open_ephys", "master");
    const auto settings =
        good_settings_of(master + beside + kModels + sleep("theta = \"gui/CH1\"\nemg = \"gui/CH2\"") + kRules);
    CHECK(settings.trigger.rules[0].sources == 1);
    CHECK(settings.trigger.sources[0].carries_spikes);
    CHECK_FALSE(settings.trigger.sources[1].carries_spikes);
  }
}

TEST_CASE("movement is told only where a signal of the rig and the model's reference meet") {
  const std::string emg = kRhx + kModels + sleep("theta = \"rhx/A-001\"\nemg = \"rhx/A-002\"") + kRules;
  const std::string motion = kRhx + kModels + sleep("theta = \"rhx/A-001\"\nmotion = \"rhx/A-AUX1\"") + kRules;
  CHECK(good_settings_of(emg, true).trigger.movement_told);
  CHECK_FALSE(good_settings_of(emg, false).trigger.movement_told);
  CHECK_FALSE(good_settings_of(motion, true).trigger.movement_told);
  const SleepModel model = sleep_model(true);
  const auto told = rig_warnings(rig_of(motion), &model);
  REQUIRE(told.size() == 2);
  CHECK_THAT(told[0], Contains("was made with emg"));
  CHECK_THAT(told[1], Contains("no signal of this rig tells movement"));
  CHECK(rig_warnings(rig_of(emg), &model).empty());
}

TEST_CASE("manual thresholds of a signal that the rig lacks are an error, not an UNKNOWN night") {
  SleepModel model = sleep_model(true);
  model.manual = {true, {.known = true, .log_emg = 5.0, .log_delta = 6.0, .log_ratio = 1.0}, 0.5};
  model.adaptation_s = model.gain_fit_s = 0.0;
  const auto refused = settings_of(rig_of(kRhx + kModels + sleep("theta = \"rhx/A-001\"") + kRules), model);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error(), Contains("thresholds of emg") && Contains("[sleep] channels"));
}

TEST_CASE("turns in a state without calibrated thresholds are warned of") {
  const auto rig = rig_of(kRhx + kModels + sleep("theta = \"rhx/A-001\"\nemg = \"rhx/A-002\"") +
                          "[[output]]\nname = \"laser\"\ntype = \"mock\"\n[[rule]]\nname = \"t\"\nwhen = \"turn\"\n"
                          "state = \"WAKE\"\noutput = \"laser\"\n");
  const SleepModel model = sleep_model(true);
  const auto told = rig_warnings(rig, &model);
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0], Contains("waits for turns in WAKE") && Contains("REM only"));
}
