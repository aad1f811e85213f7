// RHX's folders, made byte by byte from their published layouts: no real ones are at hand.
#include <catch2/catch.hpp>

#include "tests/unit/recordings/intan_writer.hpp"
#include "tools/recordings/recording.hpp"

using namespace vturn::recordings;
using namespace vturn::test;
using Catch::Matchers::Contains;

namespace {

std::vector<std::int32_t> all_of(Recording& recording, const std::string& channel) {
  const ChannelAddress address = find_channel(recording.info(), channel);
  std::vector<std::int32_t> values(static_cast<std::size_t>(recording.info().streams[address.stream].frames));
  recording.read_stored(address.stream, address.channel, 0, values);
  return values;
}

/// `signed_` numbers are the stored ones less 32768; each lasts `hold` samples.
void check_channel(Recording& recording, const std::string& name, int signal, std::size_t channel, bool signed_,
                   std::int64_t hold = 1) {
  INFO(name);
  const auto values = all_of(recording, name);
  CHECK_FALSE(values.empty());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int32_t stored = MadeIntan::stored(signal, channel, static_cast<std::int64_t>(i) / hold);
    if (values[i] != (signed_ ? stored - 32768 : stored)) FAIL("frame " << i << " is " << values[i]);
  }
}

}  // namespace

TEST_CASE("one file per signal type") {
  TemporaryFolder folder;
  MadeIntan made;
  made.digital_out = true;
  made.blocks = 40;
  const int low_divider = GENERATE(1, 4, 128);
  write_per_type(folder, made, low_divider);
  auto recording = open_recording(GENERATE(true, false) ? folder.path() : folder.path() / "info.rhd");
  CHECK(recording->info().format == "Intan RHD, one file per signal type");
  for (std::size_t c = 0; c < made.amplifiers; ++c) {
    const std::string name = "A-00" + std::to_string(c);
    check_channel(*recording, name, kMadeAmplifier, c, true);
    check_channel(*recording, "high-" + name, kMadeHigh, c, true);
    check_channel(*recording, "low-" + name, kMadeLow, c, true);
  }
  const ChannelAddress low = find_channel(recording->info(), "low-A-000");
  CHECK(recording->info().streams[low.stream].rate_hz == Approx(made.rate_hz / low_divider));
  CHECK(recording->info().streams[low.stream].frames == made.frames() / low_divider);
  check_channel(*recording, "A-AUX2", kMadeAuxiliary, 1, false, 4);
  check_channel(*recording, "A-VDD1", kMadeSupply, 0, false, 128);
  check_channel(*recording, "ANALOG-IN-1", kMadeAnalogIn, 0, false);
  check_channel(*recording, "DIGITAL-IN", kMadeDigitalIn, 0, false);
  check_channel(*recording, "DIGITAL-OUT", kMadeDigitalOut, 0, false);
  CHECK(recording->info().ttl.size() == 2);
}

TEST_CASE("one file per signal type of a stimulation controller") {
  TemporaryFolder folder;
  MadeIntan made;
  made.stim = made.dc_saved = true;
  made.board_mode = 14;
  made.analog_outs = 2;
  write_per_type(folder, made, 2);
  auto recording = open_recording(folder.path());
  CHECK(recording->info().format == "Intan RHS, one file per signal type");
  check_channel(*recording, "A-001", kMadeAmplifier, 1, true);
  check_channel(*recording, "dc-A-001", kMadeDc, 1, false);
  check_channel(*recording, "stim-A-002", kMadeStim, 2, false);
  check_channel(*recording, "ANALOG-OUT-2", kMadeAnalogOut, 1, false);
}

TEST_CASE("auxiliary inputs inside amplifier.dat") {
  TemporaryFolder folder;
  const MadeIntan made;
  write_per_type(folder, made, 1);
  std::filesystem::remove(folder.path() / "auxiliary.dat");
  ByteWriter merged;
  for (std::int64_t i = 0; i < made.frames(); ++i) {
    for (std::size_t c = 0; c < made.amplifiers; ++c) merged.u16(made.stored(kMadeAmplifier, c, i) ^ 0x8000U);
    for (std::size_t c = 0; c < made.auxiliaries; ++c) merged.u16(made.stored(kMadeAuxiliary, c, i / 4) ^ 0x8000U);
  }
  folder.write("amplifier.dat", merged.bytes());
  auto recording = open_recording(folder.path());
  check_channel(*recording, "A-002", kMadeAmplifier, 2, true);
  check_channel(*recording, "A-AUX2", kMadeAuxiliary, 1, true, 4);
  const ChannelAddress at = find_channel(recording->info(), "A-AUX1");
  float volts = 0;
  recording->read(at.stream, {&at.channel, 1}, 0, 1, {&volts, 1});
  CHECK(static_cast<double>(volts) == Approx(37.4e-6 * made.stored(kMadeAuxiliary, 0, 0)));
}

TEST_CASE("one file per channel") {
  TemporaryFolder folder;
  MadeIntan made;
  made.stim = GENERATE(false, true);
  made.dc_saved = made.stim;
  made.blocks = 300;
  write_per_channel(folder, made);
  auto recording = open_recording(folder.path());
  CHECK_THAT(recording->info().format, Contains("one file per channel"));
  for (std::size_t c = 0; c < made.amplifiers; ++c) {
    check_channel(*recording, "A-00" + std::to_string(c), kMadeAmplifier, c, true);
    if (made.stim) check_channel(*recording, "dc-A-00" + std::to_string(c), kMadeDc, c, false);
  }
  if (made.stim) check_channel(*recording, "stim-A-000", kMadeStim, 0, false);
  if (!made.stim) check_channel(*recording, "A-AUX2", kMadeAuxiliary, 1, false, 4);
  check_channel(*recording, "ANALOG-IN-1", kMadeAnalogIn, 0, false);
  const auto edges = recording->ttl_edges(0);
  std::size_t expected = 0;
  for (std::int64_t i = 1; i < made.frames(); ++i) {
    const unsigned turned = made.stored(kMadeDigitalIn, 0, i) ^ made.stored(kMadeDigitalIn, 0, i - 1);
    for (unsigned line = 0; line < 16; ++line) expected += (turned >> line) & 1U;
  }
  CHECK(edges.size() == expected);
  CHECK(std::is_sorted(edges.begin(), edges.end(), [](auto& a, auto& b) { return a.sample < b.sample; }));
  SECTION("one of them missing") {
    std::filesystem::remove(folder.path() / "amp-A-001.dat");
    CHECK_THROWS_WITH(open_recording(folder.path()), Contains("amp-A-001.dat: is missing"));
    CHECK_THROWS_WITH(find_channel(open_recording(folder.path(), {true})->info(), "A-001"), Contains("no channel"));
  }
}

TEST_CASE("spikes beside the signals, in one file or one a channel") {
  TemporaryFolder folder;
  const MadeIntan made;
  const bool single = GENERATE(false, true);
  write_per_channel(folder, made);
  if (single) {
    folder.write("spike-A-000.dat", spike_file({"A-000"}, {{"", 20}, {"", 90}}, true));
    folder.write("spike-A-002.dat", spike_file({"A-002"}, {{"", 30}}, true));
  } else {
    folder.write("spike.dat",
                 spike_file({"A-000", "A-001", "A-002"}, {{"A-000", 20}, {"A-002", 30}, {"A-000", 90}}, false));
  }
  auto recording = open_recording(folder.path());
  const auto spikes = recording->spikes();
  REQUIRE(spikes.size() == 3);
  const auto name = [&](std::size_t i) { return recording->info().electrodes[spikes[i].electrode].name; };
  CHECK((name(0) == "A-000" && name(1) == "A-002" && name(2) == "A-000"));
  CHECK((spikes[0].sample == 20 && spikes[1].sample == 30 && spikes[2].sample == 90));
  const auto waveform = recording->waveform(spikes[2]);
  REQUIRE(waveform.size() == 8);
  CHECK(waveform[3] == Approx(-19.5));
}

TEST_CASE("a spike long after the recording's end is damage") {
  TemporaryFolder folder;
  write_per_type(folder, {}, 1);
  const Bytes bytes = spike_file({"A-000"}, {{"A-000", 20}, {"A-000", 1 << 30}}, false, 0, 0);
  folder.write("spike.dat", bytes);
  auto recording = open_recording(folder.path());
  CHECK_THROWS_WITH(recording->spikes(), Contains("spike.dat: byte " + std::to_string(bytes.size() - 5)) &&
                                             Contains("outside the recording"));
}

TEST_CASE("a folder whose files do not have the same length") {
  TemporaryFolder folder;
  MadeIntan made;
  write_per_type(folder, made, 1);
  Bytes amplifier = bytes_of_file(folder.path() / "amplifier.dat");
  amplifier.resize(amplifier.size() - 7);
  folder.write("amplifier.dat", amplifier);
  CHECK_THROWS_WITH(open_recording(folder.path()),
                    Contains("amplifier.dat: byte " + std::to_string(amplifier.size())) && Contains("cut off"));
  auto recording = open_recording(folder.path(), {true});
  CHECK(recording->info().warnings.size() == 1);
  CHECK(recording->info().streams[0].frames == made.frames() - 2);
  CHECK(recording->info().timelines[0].frames() == made.frames() - 2);
  check_channel(*recording, "A-001", kMadeAmplifier, 1, true);
  check_channel(*recording, "DIGITAL-IN", kMadeDigitalIn, 0, false);
}

TEST_CASE("a folder without time.dat, and one wrong number in time.dat") {
  TemporaryFolder folder;
  MadeIntan made;
  SECTION("none") {
    write_per_type(folder, made, 1);
    std::filesystem::remove(folder.path() / "time.dat");
    CHECK_THROWS_WITH(open_recording(folder.path()), Contains("no time.dat"));
  }
  SECTION("wrong inside") {
    made.timestamp = [](std::int64_t frame) { return frame == 77 ? 7'000'000 : frame; };
    write_per_type(folder, made, 1);
    CHECK_THROWS_WITH(open_recording(folder.path()), Contains("time.dat: byte 308") && Contains("7000000"));
  }
  SECTION("wrong at the end") {
    made.timestamp = [&](std::int64_t frame) { return frame + 1 == made.frames() ? 0 : frame; };
    write_per_type(folder, made, 1);
    CHECK_THROWS_WITH(open_recording(folder.path()), Contains("time.dat: byte "));
  }
  SECTION("a true gap") {
    made.timestamp = [](std::int64_t frame) { return frame < 128 ? frame : frame + 500; };
    write_per_type(folder, made, 1);
    CHECK(open_recording(folder.path())->info().timelines[0].missing() == 500);
  }
}
