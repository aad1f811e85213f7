// A heading model on its way into a running session: what is refused changes nothing, what is offered waits for the
// decision thread, and only one is on its way at a time.
#include "daemon/pipeline/model_loader.hpp"

#include <catch2/catch.hpp>

#include "daemon/core/text_hash.hpp"
#include "daemon/models/heading_model_json.hpp"
#include "daemon/record/session_log.hpp"
#include "daemon/record/session_reader.hpp"
#include "tests/helpers/process.hpp"
#include "tests/unit/engine/mouse_inputs.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

settings::Rig rig_in(const ScratchDir& folder) {
  settings::Rig rig;
  rig.file = (folder / "rig.toml").string();
  rig.turns.log_odds = 2.0;
  settings::Source source;
  source.name = "ephys";
  source.type = "open_ephys";
  source.clock = "master";
  rig.sources.push_back(source);
  return rig;
}

std::string model_text(float temper) {
  HeadingModel model = ring_model();
  model.temper = temper;
  model.cross_validated.median_abs_error_deg = 6.5;
  model.handedness = Handedness::kConfirmed;
  return heading_model_to_json(model);
}

}  // namespace

TEST_CASE("model loader: a good model is offered under the hash of all models, relative to the rig file") {
  const ScratchDir folder;
  write_file(folder / "today.json", model_text(0.5F));
  ModelSlot slot;
  const std::string cells = "unit,side\n40,clockwise\n41,counterclockwise\n";
  ModelLoader loader(rig_in(folder), {"", "", cells}, nullptr, slot);
  const auto loaded = loader.offer("today.json");
  REQUIRE(loaded);
  CHECK(loaded->hash == text_hash(model_text(0.5F) + cells));
  CHECK(loaded->units == kCells);
  CHECK(loaded->median_abs_error_deg == 6.5);
  CHECK(loaded->handedness_confirmed);
  REQUIRE(slot.offered() != nullptr);
  CHECK(slot.offered()->filter.has_unit(3));
  loader.accept();

  // Until the decision thread has taken it, no other one can be on its way.
  CHECK_THAT(loader.offer("today.json").error(), Catch::Contains("try again"));
  slot.taken();
  CHECK(loader.offer("today.json"));
  loader.withdraw();
  CHECK(slot.offered() == nullptr);
}

TEST_CASE("model loader: what cannot be used is refused in one line that names it, and nothing is offered") {
  const ScratchDir folder;
  write_file(folder / "torn.json", model_text(0.5F).substr(0, 1000));
  HeadingModel flat = ring_model();
  for (HeadingUnit& unit : flat.units) unit.rate_hz.fill(5.0F);
  write_file(folder / "flat.json", heading_model_to_json(flat));
  ModelSlot slot;
  settings::Rig rig = rig_in(folder);
  ModelLoader loader(rig, {}, nullptr, slot);
  for (const std::string file : {"nothing.json", "torn.json", "flat.json"}) {
    const auto refused = loader.offer(file);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error(), Catch::Contains(file));
    CHECK(refused.error().find('\n') == std::string::npos);
    CHECK(slot.offered() == nullptr);
  }
  CHECK_THAT(loader.offer("flat.json").error(), Catch::Contains("does not find its own headings"));
  rig.turns.log_odds = 0.0;
  write_file(folder / "without-thresholds.json", model_text(0.5F));
  ModelLoader strict(rig, {}, nullptr, slot);
  CHECK_THAT(strict.offer("without-thresholds.json").error(), Catch::Contains("no thresholds for turns by log_odds"));
  rig.turns.log_odds = 2.0;
  rig.turns.detector = "cusum";
  ModelLoader cusum(rig, {}, nullptr, slot);
  CHECK_THAT(cusum.offer("without-thresholds.json").error(), Catch::Contains("no thresholds for turns by cusum"));
  rig.turns.cusum_nats = 4.0;
  ModelLoader by_hand(rig, {}, nullptr, slot);
  CHECK(by_hand.offer("without-thresholds.json"));
}

TEST_CASE("model loader: the model stands in the session log before it is offered") {
  const ScratchDir folder;
  write_file(folder / "today.json", model_text(0.5F));
  record::RecorderOptions options;
  options.directory = folder.path().string();
  options.session.encoder.session_id = "night-1";
  auto recorder = record::Recorder::start(options);
  REQUIRE(recorder);
  ModelSlot slot;
  ModelLoader loader(rig_in(folder), {}, recorder->get(), slot);
  const auto loaded = loader.offer("today.json");
  REQUIRE(loaded);
  CHECK((*recorder)->stop().whole);
  auto session = record::SessionReader::open((*recorder)->path());
  REQUIRE(session);
  CHECK(session->attachment(record::loaded_heading_attachment(loaded->hash)) == model_text(0.5F));
  // A recorder that has ended takes none.
  slot.taken();
  CHECK_THAT(loader.offer("today.json").error(), Catch::Contains("session log does not take"));
}
