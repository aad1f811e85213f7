// A session log as CSV: the documented columns, exact times, arms told only when asked, whole files or none.
#include <catch2/catch.hpp>
#include <set>
#include <sstream>

#include "daemon/record/repair.hpp"
#include "daemon/record/session_reader.hpp"
#include "tests/unit/record/session_samples.hpp"
#include "tools/commands/export_csv.hpp"

using namespace vturn;
using namespace vturn::record;
using namespace vturn::test;
using namespace vturn::tools;

namespace {

OutputEvent output_of(OutputKind kind, SessionNs at_ns) {
  OutputEvent event;
  event.kind = kind;
  event.session_time_ns = at_ns;
  return event;
}

OutputEvent sleep_output(SessionNs at_ns) {
  auto event = output_of(OutputKind::kSleep, at_ns);
  event.payload.sleep = SleepOutput{};
  event.payload.sleep.state = SleepState::kRem;
  event.payload.sleep.p_rem = 0.75F;
  return event;
}

OutputEvent veto_output(SessionNs at_ns) {
  auto event = output_of(OutputKind::kVeto, at_ns);
  event.payload.veto = VetoOutput{};
  event.payload.veto.cause.kind = CauseKind::kPopulation;
  event.payload.veto.cause.value.population = {
      Direction::kCounterclockwise, 80.0F, 3.0F, 0.6F, 0.5F, 0.7F, 0.2F, 0.1F, 0.3F};
  event.payload.veto.reason = VetoReason::kWrongState;
  return event;
}

InputEvent answer(std::uint32_t trigger, OutputResult result) {
  InputEvent event;
  event.kind = InputKind::kOutputResult;
  event.payload.output = {result, 0, 0, trigger, 0};
  return event;
}

InputEvent spike(UnitId unit, SessionNs at_ns, SampleIndex sample) {
  InputEvent event;
  event.kind = InputKind::kSpike;
  event.session_time_ns = at_ns;
  event.source_sample = sample;
  event.source = 0;
  event.payload.spike = {unit, 1, -50.0F};
  return event;
}

std::string sample_session(bool blinded, bool finish = true) {
  SessionWriter writer(session_options(blinded));
  writer.input(spike(7, 1'000'033'333, 30001));
  writer.input(spike(kNoUnit, 1'000'066'666, 30002));
  InputEvent tracked;
  tracked.kind = InputKind::kHeading;
  tracked.session_time_ns = 1'500'000'000;
  tracked.payload.heading = {3.25F};
  writer.input(tracked);
  writer.output(heading_output(2'000'000'000, 1.5F), stamps_at(100));
  writer.output(sleep_output(2'100'000'000), stamps_at(100));
  writer.output(trigger_output(1, Arm::kStim), stamps_at(100));
  writer.output(trigger_output(2, Arm::kSham), stamps_at(200));
  writer.output(veto_output(2'200'000'000), stamps_at(300));
  auto turn = output_of(OutputKind::kTurn, 2'000'000'001);
  turn.payload.turn = trigger_output(1, Arm::kStim).payload.trigger.cause.value.turn;
  writer.output(turn, stamps_at(100));
  finish ? writer.finish() : writer.close_chunk();
  return std::string(writer.pending());
}

ExportReport exported(const std::string& bytes, const std::filesystem::path& directory, bool unblind = false) {
  auto reader = McapReader::from(std::make_unique<MemorySource>(bytes), "night.mcap");
  REQUIRE(reader);
  return export_csv(*reader, {.directory = directory, .unblind = unblind}, [](std::uint64_t) {});
}

std::vector<std::string> column(const std::filesystem::path& file, std::string_view name) {
  CsvReader csv(file);
  const auto at = csv.column(name);
  std::vector<std::string> values;
  while (csv.next()) values.emplace_back(csv.text(at));
  return values;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("every file has its columns and its rows") {
  const TemporaryFolder folder;
  const auto report = exported(sample_session(false), folder.path() / "out");
  CHECK(report.whole);
  CHECK(report.warnings.empty());
  CHECK(report.unmapped_spikes == 1);
  const auto out = folder.path() / "out";
  CHECK(CsvReader(out / "heading.csv").header() == Strings{"t_s", "angle_rad", "map_angle_rad", "concentration",
                                                           "p_rest", "p_left", "p_right", "angular_velocity_rad_s",
                                                           "evidence_nats_per_spike", "spikes_per_s", "dynamics",
                                                           "credible_95_rad", "twin_evidence_nats_per_spike"});
  CHECK(column(out / "heading.csv", "angle_rad") == Strings{"1.500000"});
  CHECK(column(out / "heading.csv", "dynamics") == Strings{"REM"});
  CHECK(column(out / "sleep.csv", "state") == Strings{"REM"});
  CHECK(column(out / "sleep.csv", "p_rem") == Strings{"0.750000"});
  CHECK(column(out / "turns.csv", "direction") == Strings{"clockwise"});
  CHECK(column(out / "turns.csv", "onset_s") == Strings{"1.970000001"});
  CHECK(column(out / "turns.csv", "phase") == Strings{"onset"});
  CHECK(CsvReader(out / "spikes.csv").header() == Strings{"unit", "t_s", "source", "sample"});
  CHECK(column(out / "spikes.csv", "t_s") == Strings{"1.000033333"});
  CHECK(column(out / "spikes.csv", "source") == Strings{"ephys"});
  CHECK(column(out / "spikes.csv", "sample") == Strings{"30001"});
  CHECK(column(out / "tracked_heading.csv", "hd_rad") == Strings{"3.250000"});
  CHECK(column(out / "vetoes.csv", "reason") == Strings{"wrong_state"});
  CHECK(column(out / "vetoes.csv", "cause_detail") == Strings{"counterclockwise"});
  CHECK(column(out / "triggers.csv", "arm") == Strings{"stim", "sham"});
  CHECK(column(out / "triggers.csv", "receive_to_output_us") == Strings{"4.000", "4.000"});
  CHECK(column(out / "triggers.csv", "receive_to_published_us") == Strings{"5.000", "5.000"});
  CHECK(column(out / "population.csv", "side").empty());
  CHECK(column(out / "session.csv", "change").empty());
}

TEST_CASE("arms of a blinded session are told only when asked for") {
  const TemporaryFolder folder;
  const auto bytes = sample_session(true);
  exported(bytes, folder.path() / "blind");
  CHECK(column(folder.path() / "blind" / "triggers.csv", "arm") == Strings{"", ""});
  exported(bytes, folder.path() / "open", true);
  CHECK(column(folder.path() / "open" / "triggers.csv", "arm") == Strings{"stim", "sham"});
}

TEST_CASE("what the output answered stands beside each trigger, its last word, and tells no arm of a blinded session") {
  const TemporaryFolder folder;
  const auto log = [](bool blinded) {
    SessionWriter writer(session_options(blinded));
    for (const std::uint32_t id : {1U, 2U, 3U, 4U, 5U}) {
      writer.output(trigger_output(id, id == 2 ? Arm::kSham : Arm::kStim), stamps_at(100));
      if (id > 1) writer.input(answer(id - 1, id == 3 ? OutputResult::kSham : OutputResult::kFired));
    }
    writer.input(answer(3, OutputResult::kStopped));
    writer.input(answer(4, OutputResult::kFailed));
    writer.input(answer(5, OutputResult::kRefused));
    writer.finish();
    return std::string(writer.pending());
  };
  const Strings told{"fired", "", "stopped", "failed", "refused"};
  exported(log(false), folder.path());
  CHECK(column(folder.file("triggers.csv"), "result") == told);
  CHECK(column(folder.file("triggers.csv"), "arm") == Strings{"stim", "sham", "stim", "stim", "stim"});
  exported(log(true), folder.path());
  CHECK(column(folder.file("triggers.csv"), "result") == Strings(5));
  exported(log(true), folder.path(), true);
  CHECK(column(folder.file("triggers.csv"), "result") == told);
}

TEST_CASE("a repaired log tells of a hole in its middle where it is: nothing is replayed across it") {
  const TemporaryFolder folder;
  SessionWriter writer(session_options());
  std::vector<std::size_t> ends;
  for (SampleIndex chunk = 0; chunk < 3; ++chunk) {
    for (SampleIndex i = 0; i < 50; ++i) writer.input(spike(7, 1000 * (50 * chunk + i), 50 * chunk + i));
    writer.close_chunk();
    ends.push_back(writer.pending().size());
  }
  writer.digest({150, 0, 0, 0, 1});
  writer.finish();
  std::string bytes(writer.pending());
  bytes[(ends[0] + ends[1]) / 2] ^= 0x10;
  auto damaged = McapReader::from(std::make_unique<MemorySource>(bytes), "night.mcap");
  std::ostringstream repaired;
  CHECK(repair_log(*damaged, repaired, [](std::uint64_t) {}).damages == 1);

  auto session = SessionReader::from(*McapReader::from(std::make_unique<MemorySource>(repaired.str()), "repaired.mcap"),
                                     "repaired.mcap");
  REQUIRE(session);
  std::size_t inputs = 0;
  for (auto item = session->next(); item != SessionReader::Item::kEnd; item = session->next()) {
    if (item == SessionReader::Item::kInput) ++inputs;
  }
  CHECK(inputs == 50);
  CHECK_FALSE(session->complete());
  CHECK_THAT(session->stopped_by(), Catch::Contains("repaired from: night.mcap: byte"));
  const auto report = exported(repaired.str(), folder.path());
  CHECK(report.gaps == 1);
  CHECK_FALSE(report.whole);
  REQUIRE(report.warnings.size() == 1);
  CHECK_THAT(report.warnings[0], Catch::Contains("night.mcap: byte"));
  CHECK(report.rows.at("spikes.csv") == 100);
}

TEST_CASE("a log without a footer is exported with a warning") {
  const TemporaryFolder folder;
  const auto report = exported(sample_session(false, false), folder.path());
  CHECK_FALSE(report.whole);
  REQUIRE(report.warnings.size() == 1);
  CHECK(report.warnings[0].find("no footer") != std::string::npos);
  CHECK(report.rows.at("triggers.csv") == 2);
}

TEST_CASE("an export that is stopped leaves the files of an earlier one as they were") {
  const TemporaryFolder folder;
  const auto bytes = sample_session(false);
  exported(bytes, folder.path());
  const std::string before = file_bytes(folder.file("spikes.csv"));
  auto reader = McapReader::from(std::make_unique<MemorySource>(bytes), "night.mcap");
  REQUIRE_THROWS(export_csv(*reader, {.directory = folder.path(), .unblind = false},
                            [](std::uint64_t) { throw std::runtime_error("stopped"); }));
  CHECK(file_bytes(folder.file("spikes.csv")) == before);
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    names.insert(entry.path().filename().string());
  CHECK(names.size() == 9);
}
