// Open Ephys Binary of GUI versions of which no real recording is at hand, made from the published layout.
#include <catch2/catch.hpp>
#include <numeric>

#include "tests/unit/recordings/open_ephys_writer.hpp"
#include "tools/recordings/json_place.hpp"
#include "tools/recordings/oebin.hpp"
#include "tools/recordings/recording.hpp"
#include "tools/recordings/sync_messages.hpp"

using namespace vturn::recordings;
using namespace vturn::test;
using Catch::Matchers::Contains;

namespace {

std::vector<std::int64_t> counting(std::int64_t from, std::size_t count) {
  std::vector<std::int64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), from);
  return numbers;
}

MadeOpenEphys made_of(const std::string& gui) {
  MadeOpenEphys made;
  made.gui = gui;
  made.sample_numbers = counting(100, 50);
  return made;
}

}  // namespace

TEST_CASE("every version of Open Ephys Binary reads alike") {
  TemporaryFolder folder;
  MadeOpenEphys made = made_of(GENERATE("0.4.6", "0.5.5", "0.6.7", "1.0.1"));
  made.electrode_channels = GENERATE(std::size_t{1}, std::size_t{4});
  write_open_ephys(folder, "Record Node 101/experiment1/recording1", made);
  auto recording = open_recording(folder.path());
  const RecordingInfo& info = recording->info();
  CHECK(info.version == made.gui);
  CHECK(info.warnings.empty());
  REQUIRE(info.streams.size() == 1);
  CHECK(info.streams[0].frames == 50);
  CHECK(info.streams[0].rate_hz == 30000.0);
  REQUIRE(info.timelines.size() == 1);
  CHECK(info.timelines[0].first_sample == 100);
  for (std::size_t c = 0; c < made.channels; ++c) {
    std::vector<std::int32_t> values(50);
    recording->read_stored(0, c, 0, values);
    for (std::size_t i = 0; i < values.size(); ++i) REQUIRE(values[i] == MadeOpenEphys::stored(c, i));
  }
  const std::size_t channel = find_channel(info, "CH2").channel;
  std::vector<float> microvolts(10);
  recording->read(0, {&channel, 1}, 5, 10, microvolts);
  CHECK(microvolts[3] == Approx(0.195 * MadeOpenEphys::stored(1, 8)));

  const auto edges = recording->ttl_edges(0);
  REQUIRE(edges.size() == 3);
  CHECK((edges[0].sample == 102 && edges[0].line == 0 && edges[0].rising));
  CHECK((edges[1].sample == 112 && edges[1].line == 2 && edges[1].rising));
  CHECK((edges[2].sample == 120 && edges[2].line == 0 && !edges[2].rising));

  REQUIRE(info.electrodes.size() == 2);
  CHECK(info.electrodes[0].waveform_channels == made.electrode_channels);
  CHECK(info.electrodes[0].waveform_samples == 40);
  const auto spikes = recording->spikes();
  REQUIRE(spikes.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(spikes[i].sample == made.spike_samples[i]);
    CHECK(spikes[i].id == made.spike_ids[i]);
    CHECK(spikes[i].electrode == i % 2);
    const auto waveform = recording->waveform(spikes[i]);
    REQUIRE(waveform.size() == 40 * made.electrode_channels);
    CHECK(waveform[7] == Approx(0.195 * (1000.0 * static_cast<double>(i) + 7)));
  }
}

TEST_CASE("gaps in sample numbers, and one that is damaged") {
  TemporaryFolder folder;
  MadeOpenEphys made = made_of("1.0.1");
  SECTION("a gap") {
    for (std::size_t i = 30; i < 50; ++i) made.sample_numbers[i] += 87;
    write_open_ephys(folder, "recording1", made);
    const auto recording = open_recording(folder.path());
    CHECK(recording->info().timelines[0].runs.size() == 2);
    CHECK(recording->info().timelines[0].missing() == 87);
  }
  SECTION("damage") {
    made.sample_numbers[20] ^= 1LL << 33;
    write_open_ephys(folder, "recording1", made);
    CHECK_THROWS_WITH(open_recording(folder.path()), Contains("sample_numbers.npy: byte 288") && Contains("damaged"));
  }
}

TEST_CASE("a recording of which the GUI did not close the files") {
  TemporaryFolder folder;
  const MadeOpenEphys made = made_of("0.6.7");
  write_open_ephys(folder, "r", made);
  const std::string stream = "r/continuous/Acquisition_Board-100.acquisition_board/";
  SECTION("continuous.dat ends inside a frame") {
    Bytes data = bytes_of_file(folder.path() / (stream + "continuous.dat"));
    data.resize(data.size() - 3);
    folder.write(stream + "continuous.dat", data);
    CHECK_THROWS_WITH(open_recording(folder.path()), Contains("continuous.dat: byte 297"));
    const auto recording = open_recording(folder.path(), {true});
    CHECK(recording->info().streams[0].frames == 49);
    CHECK_FALSE(recording->info().warnings.empty());
  }
  SECTION("fewer sample numbers than frames") {
    folder.write(stream + "sample_numbers.npy", npy<std::int64_t>("<i8", counting(100, 40)));
    CHECK_THROWS_WITH(open_recording(folder.path()), Contains("continuous.dat: byte 240") && Contains("numbers 40"));
    CHECK(open_recording(folder.path(), {true})->info().streams[0].frames == 40);
  }
  SECTION("spike files of different lengths") {
    folder.write("r/spikes/Spike_Detector-102.acquisition_board/Electrode 1/clusters.npy",
                 npy<std::uint16_t>("<u2", {1}));
    CHECK_THROWS_WITH(open_recording(folder.path()), Contains("clusters.npy: byte ") && Contains("1 rows"));
  }
  SECTION("a state of no line") {
    folder.write("r/events/Acquisition_Board-100.acquisition_board/TTL/states.npy",
                 npy<std::int16_t>("<i2", {1, 0, -1}));
    const auto recording = open_recording(folder.path());
    CHECK_THROWS_WITH(recording->ttl_edges(0), Contains("states.npy: byte 130") && Contains("names no line"));
  }
}

TEST_CASE("spikes without continuous data: time 0 is the start that the GUI wrote down") {
  TemporaryFolder folder;
  const MadeOpenEphys made = made_of("1.0.1");
  write_open_ephys(folder, "r", made);
  std::filesystem::remove_all(folder.path() / "r/continuous");
  folder.write("r/sync_messages.txt",
               "Software Time (milliseconds since midnight Jan 1st 1970 UTC): 1795469420136\n"
               "Start Time for Acquisition Board (100) - acquisition_board @ 30000 Hz: 90\n");
  const auto recording = open_recording(folder.path());
  CHECK(recording->info().streams.empty());
  CHECK(recording->info().warnings.size() == 1);
  const auto spikes = recording->spikes();
  REQUIRE(spikes.size() == 3);
  const auto& timeline = recording->info().timelines[recording->info().electrodes[0].timeline];
  CHECK(timeline.time_s(spikes[0].sample) == Approx(15.0 / 30000.0));
}

TEST_CASE("start times in both ways the GUI has written them") {
  const auto starts = parse_sync_messages(
      "Software time: 326315060@10000000Hz\n"
      "Processor: Rhythm FPGA Id: 100 subProcessor: 0 start time: 326315008@30000Hz\r\n"
      "Start Time for File Reader (100) - example_data @ 40000 Hz: 12\nrubbish @ Hz: start time: x@\n");
  REQUIRE(starts.size() == 2);
  CHECK((starts[0].processor_id == "100" && starts[0].stream.empty() && starts[0].sample == 326315008));
  CHECK((starts[1].stream == "example_data" && starts[1].sample == 12));
}

TEST_CASE("a folder with several recordings names them") {
  TemporaryFolder folder;
  write_open_ephys(folder, "experiment1/recording1", made_of("0.6.7"));
  write_open_ephys(folder, "experiment1/recording2", made_of("0.6.7"));
  CHECK_THROWS_WITH(open_recording(folder.path()), Contains("2 recordings") && Contains("recording2"));
  CHECK(open_recording(folder.path() / "experiment1" / "recording2")->info().streams.size() == 1);
  CHECK_THROWS_WITH(open_recording(folder.path() / "nowhere"), Contains("does not exist"));
  TemporaryFolder empty;
  CHECK_THROWS_WITH(open_recording(empty.path()), Contains("no recording that is known"));
}

TEST_CASE("structure.oebin cut off at any byte, or with wrong things in it") {
  TemporaryFolder folder;
  write_open_ephys(folder, "r", made_of("1.0.1"));
  const Bytes bytes = bytes_of_file(folder.path() / "r/structure.oebin");
  const std::string text(bytes.begin(), bytes.end());
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK_THROWS_WITH(parse_oebin(text.substr(0, size), "structure.oebin"), Contains("structure.oebin: byte "));
  }
  const auto with = [&](const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.substr(0, at).append(to).append(text.substr(at + from.size()));
  };
  CHECK_THROWS_WITH(
      parse_oebin(with("30000.0", "\"fast\""), "f"),
      Contains("f: byte " + std::to_string(text.find("30000.0")) + ": continuous[0].sample_rate is no number"));
  CHECK_THROWS_WITH(parse_oebin(with("30000.0", "3e999"), "f"), Contains("f: holds a number that is larger"));
  CHECK_THROWS_WITH(parse_oebin(with("30000.0", "0"), "f"), Contains("continuous[0].sample_rate is no rate"));
  CHECK_THROWS_WITH(parse_oebin(with("\"num_channels\": 3", "\"num_channels\": 4"), "f"), Contains("num_channels"));
  CHECK_THROWS_WITH(parse_oebin(with("Acquisition_Board-100.acquisition_board/", "../../etc/"), "f"),
                    Contains("continuous[0].folder_name is no folder"));
  CHECK_THROWS_WITH(parse_oebin("[]", "f"), Contains("f: byte 0: the document is no JSON object"));
  CHECK_THROWS_WITH(parse_oebin("{}", "f"), Contains("neither continuous"));
}

TEST_CASE("a stream of which no channel was recorded is left out and said") {
  const auto oebin =
      parse_oebin(R"({"continuous": [{"folder_name": "a/", "sample_rate": 1, "channels": []}], "spikes": []})", "f");
  CHECK(oebin.continuous.at(0).channels.empty());
}

TEST_CASE("the byte of a value in a JSON text") {
  const std::string text = R"( {"a\"b": [1, {"x": "]}"}, [ ] ], "c": {"d": -1.5e3 , "e": null}} )";
  CHECK(json_place(text, "") == 1);
  CHECK(text.substr(json_place(text, "c.d"), 6) == "-1.5e3");
  CHECK(text.substr(json_place(text, "c.e"), 4) == "null");
  CHECK(text.substr(json_place(text, "a\\\"b[1].x"), 4) == "\"]}\"");
  CHECK(text.substr(json_place(text, "a\\\"b[2]"), 3) == "[ ]");
  CHECK(text.substr(json_place(text, "c.missing"), 4) == "{\"d\"");
  CHECK(text.substr(json_place(text, "a\\\"b[7]"), 3) == "[1,");
}
