// Intan formats of which no real recording is at hand are made here byte by byte from their published layouts.
#include <catch2/catch.hpp>
#include <numeric>

#include "tests/unit/recordings/intan_writer.hpp"
#include "tests/unit/recordings/owned_source.hpp"
#include "tools/recordings/intan_recording.hpp"

using namespace vturn::recordings;
using namespace vturn::test;
using Catch::Matchers::Contains;

namespace {

std::unique_ptr<Recording> open_bytes(const Bytes& bytes, bool allow_truncated = false) {
  std::vector<std::unique_ptr<ByteSource>> files;
  files.push_back(std::make_unique<OwnedSource>(bytes, "made.rhd"));
  return open_intan_files(std::move(files), {allow_truncated});
}

std::vector<std::int32_t> all_of(Recording& recording, const std::string& channel) {
  const ChannelAddress address = find_channel(recording.info(), channel);
  std::vector<std::int32_t> values(static_cast<std::size_t>(recording.info().streams[address.stream].frames));
  recording.read_stored(address.stream, address.channel, 0, values);
  return values;
}

void check_channel(Recording& recording, const std::string& name, int signal, std::size_t channel, int turned = 0,
                   std::int64_t divider = 1) {
  INFO(name);
  const auto values = all_of(recording, name);
  CHECK_FALSE(values.empty());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto stored = MadeIntan::stored(signal, channel, static_cast<std::int64_t>(i) / divider);
    const std::int32_t expected = turned != 0 ? std::int32_t{stored} - 32768 : std::int32_t{stored};
    if (values[i] != expected) {
      FAIL("frame " << i << ": " << values[i] << " instead of " << expected);
    }
  }
}

void check_traditional(const MadeIntan& made) {
  auto recording = open_bytes(intan_file(made));
  const RecordingInfo& info = recording->info();
  CHECK(info.timelines[0].frames() == made.frames());
  CHECK(info.timelines[0].rate_hz == Approx(made.rate_hz));
  CHECK(info.streams[0].frames == made.frames());
  CHECK(info.notes == std::vector<std::string>{made.note});
  CHECK(info.version == std::to_string(made.major) + "." + std::to_string(made.minor));
  for (std::size_t c = 0; c < made.amplifiers; ++c) {
    const std::string name = "A-00" + std::to_string(c);
    check_channel(*recording, name, kMadeAmplifier, c);
    if (made.stim) check_channel(*recording, "stim-" + name, kMadeStim, c);
    if (made.dc_saved) check_channel(*recording, "dc-" + name, kMadeDc, c);
  }
  for (std::size_t c = 0; !made.stim && c < made.auxiliaries; ++c) {
    check_channel(*recording, "A-AUX" + std::to_string(c + 1), kMadeAuxiliary, c);
  }
  for (std::size_t c = 0; !made.stim && c < made.supplies; ++c) {
    check_channel(*recording, "A-VDD" + std::to_string(c + 1), kMadeSupply, c);
  }
  for (int c = 0; c < made.temperature_sensors; ++c) {
    const auto values = all_of(*recording, "TEMPERATURE-" + std::to_string(c + 1));
    CHECK(values.size() == static_cast<std::size_t>(made.blocks));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto stored =
          MadeIntan::stored(kMadeTemperature, static_cast<std::size_t>(c), static_cast<std::int64_t>(i));
      CHECK(values[i] == static_cast<std::int16_t>(stored));
    }
  }
  for (std::size_t c = 0; c < made.analog_ins; ++c) {
    check_channel(*recording, "ANALOG-IN-" + std::to_string(c + 1), kMadeAnalogIn, c);
  }
  if (made.stim && made.analog_outs > 0) check_channel(*recording, "ANALOG-OUT-1", kMadeAnalogOut, 0);
  if (made.digital_in) check_channel(*recording, "DIGITAL-IN", kMadeDigitalIn, 0);
  if (made.digital_out) check_channel(*recording, "DIGITAL-OUT", kMadeDigitalOut, 0);
}

}  // namespace

TEST_CASE("traditional .rhd of every version") {
  for (const auto& [major, minor] : {std::pair{1, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 5}, {2, 0}, {3, 0}, {3, 3}, {3, 4}}) {
    MadeIntan made;
    made.major = major;
    made.minor = minor;
    made.temperature_sensors = major == 1 && minor == 0 ? 0 : 2;
    made.digital_out = minor % 2 == 0;
    INFO(major << "." << minor);
    check_traditional(made);
  }
}

TEST_CASE("traditional .rhd with one kind of signal only") {
  MadeIntan made;
  made.amplifiers = made.auxiliaries = made.supplies = made.analog_ins = 0;
  check_traditional(made);
  made.digital_in = false;
  made.auxiliaries = 3;
  check_traditional(made);
}

TEST_CASE("traditional .rhs, with and without the DC amplifiers") {
  for (const bool dc : {false, true}) {
    MadeIntan made;
    made.stim = true;
    made.major = dc ? 1 : 3;
    made.minor = 0;
    made.board_mode = 14;
    made.dc_saved = dc;
    made.analog_outs = 2;
    made.digital_out = true;
    check_traditional(made);
  }
}

TEST_CASE("stored numbers become volts as Intan says") {
  MadeIntan made;
  auto recording = open_bytes(intan_file(made));
  const auto value = [&](const std::string& name) {
    const ChannelAddress at = find_channel(recording->info(), name);
    float one = 0;
    recording->read(at.stream, {&at.channel, 1}, 0, 1, {&one, 1});
    return static_cast<double>(one);
  };
  const auto stored = [](int signal) { return static_cast<double>(MadeIntan::stored(signal, 0, 0)); };
  CHECK(value("A-000") == Approx(0.195 * (stored(kMadeAmplifier) - 32768)));
  CHECK(value("A-AUX1") == Approx(37.4e-6 * stored(kMadeAuxiliary)));
  CHECK(value("A-VDD1") == Approx(74.8e-6 * stored(kMadeSupply)));
  CHECK(value("ANALOG-IN-1") == Approx(312.5e-6 * (stored(kMadeAnalogIn) - 32768)));
  made.board_mode = 0;
  recording = open_bytes(intan_file(made));
  CHECK(value("ANALOG-IN-1") == Approx(50.354e-6 * stored(kMadeAnalogIn)));
  made.stim = made.dc_saved = true;
  recording = open_bytes(intan_file(made));
  CHECK(value("dc-A-000") == Approx(-0.01923 * (stored(kMadeDc) - 512)));
  const unsigned word = MadeIntan::stored(kMadeStim, 0, 0);
  CHECK(value("stim-A-000") == Approx(((word & 0x100U) != 0 ? -1.0 : 1.0) * (word & 0xFFU)));
}

TEST_CASE("a channel goes by its own name, the user's, or its stream's") {
  const Bytes bytes = intan_file({});
  auto recording = open_bytes(bytes);
  CHECK(find_channel(recording->info(), "my A-001").channel == 1);
  CHECK(find_channel(recording->info(), "data/A-001").channel == 1);
  CHECK_THROWS_WITH(find_channel(recording->info(), "B-000"), Contains("no channel 'B-000'") && Contains("A-002"));
  CHECK_THROWS_WITH(find_channel(recording->info(), "A-003"), Contains("no channel"));  // switched off
}

TEST_CASE("any range of frames reads as the whole does") {
  MadeIntan made;
  made.blocks = 7;
  const Bytes bytes = intan_file(made);
  auto recording = open_bytes(bytes);
  const auto whole = all_of(*recording, "A-001");
  std::mt19937 random(1);
  for (int trial = 0; trial < 200; ++trial) {
    const auto first = static_cast<std::size_t>(random() % whole.size());
    std::vector<std::int32_t> part(random() % (whole.size() - first) + 1);
    recording->read_stored(0, 1, static_cast<std::int64_t>(first), part);
    REQUIRE(std::equal(part.begin(), part.end(), whole.begin() + static_cast<std::ptrdiff_t>(first)));
  }
  std::vector<std::int32_t> beyond(2);
  CHECK_THROWS_AS(recording->read_stored(0, 1, made.frames() - 1, beyond), std::out_of_range);
}

TEST_CASE("gaps, wraps and triggers in the timestamps") {
  MadeIntan made;
  made.blocks = 6;
  SECTION("two blocks lost") {
    made.timestamp = [](std::int64_t frame) { return frame < 256 ? frame : frame + 256; };
    const Timeline timeline = open_bytes(intan_file(made))->info().timelines[0];
    REQUIRE(timeline.runs.size() == 2);
    CHECK(timeline.missing() == 256);
    CHECK(timeline.sample_of(255) == 255);
    CHECK(timeline.sample_of(256) == 512);
    CHECK_FALSE(timeline.jumps_back());
  }
  SECTION("the count begins anew") {
    made.timestamp = [](std::int64_t frame) { return frame < 384 ? 5000 + frame : frame - 384; };
    const Timeline timeline = open_bytes(intan_file(made))->info().timelines[0];
    CHECK(timeline.jumps_back());
    CHECK(timeline.first_sample == 5000);
    CHECK(timeline.sample_of(384) == 0);
  }
  SECTION("32 bits run over") {
    made.timestamp = [](std::int64_t frame) { return 0x7FFFFFFF - 100 + frame; };
    const Timeline timeline = open_bytes(intan_file(made))->info().timelines[0];
    CHECK(timeline.runs.size() == 1);
    CHECK(timeline.sample_of(767) == 0x7FFFFFFFLL - 100 + 767);
  }
  SECTION("before 1.2 the first half of 32 bits is not negative") {
    made.major = 1;
    made.minor = 1;
    made.timestamp = [](std::int64_t frame) { return 0x90000000LL + frame; };
    CHECK(open_bytes(intan_file(made))->info().timelines[0].first_sample == 0x90000000LL);
  }
  SECTION("a trigger") {
    made.timestamp = [](std::int64_t frame) { return frame - 300; };
    const Timeline timeline = open_bytes(intan_file(made))->info().timelines[0];
    CHECK(timeline.first_sample == -300);
    CHECK(timeline.time_s(0) == Approx(0.01));
  }
}

TEST_CASE("edges of the digital word") {
  MadeIntan made;
  const Bytes bytes = intan_file(made);
  auto recording = open_bytes(bytes);
  REQUIRE(recording->info().ttl.size() == 1);
  const auto edges = recording->ttl_edges(0);
  std::vector<TtlEdge> expected;
  for (std::int64_t i = 1; i < made.frames(); ++i) {
    const unsigned before = MadeIntan::stored(kMadeDigitalIn, 0, i - 1), now = MadeIntan::stored(kMadeDigitalIn, 0, i);
    for (std::uint16_t line = 0; line < 16; ++line) {
      if ((((before ^ now) >> line) & 1U) != 0) expected.push_back({i, line, ((now >> line) & 1U) != 0});
    }
  }
  REQUIRE(edges.size() == expected.size());
  for (std::size_t i = 0; i < edges.size(); ++i) {
    REQUIRE((edges[i].sample == expected[i].sample && edges[i].line == expected[i].line &&
             edges[i].rising == expected[i].rising));
  }
}

TEST_CASE("files that continue each other are one recording") {
  TemporaryFolder folder;
  MadeIntan first, second;
  second.timestamp = [&](std::int64_t frame) { return frame + first.frames(); };
  folder.write("m_250101_120000.rhd", intan_file(first));
  folder.write("m_250101_130000.rhd", intan_file(second));
  auto recording = open_recording(folder.path());
  CHECK(recording->info().timelines[0].runs.size() == 1);
  CHECK(recording->info().streams[0].frames == 2 * first.frames());
  const auto values = all_of(*recording, "A-002");
  for (std::int64_t i = 0; i < first.frames(); ++i) {
    REQUIRE(values[static_cast<std::size_t>(i)] == MadeIntan::stored(kMadeAmplifier, 2, i));
    REQUIRE(values[static_cast<std::size_t>(i + first.frames())] == MadeIntan::stored(kMadeAmplifier, 2, i));
  }
  SECTION("another recording in the folder is refused") {
    folder.write("m_250101_140000.rhd", intan_file(first));
    CHECK_THROWS_WITH(open_recording(folder.path()), Contains("m_250101_140000.rhd: byte ") && Contains("another"));
  }
  SECTION("other channels are refused") {
    second.amplifiers = 2;
    folder.write("m_250101_140000.rhd", intan_file(second));
    CHECK_THROWS_WITH(open_recording(folder.path()), Contains("other signals"));
  }
}
