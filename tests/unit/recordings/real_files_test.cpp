// Real recordings. The expected figures come from a reader of its own (Python's struct module over the published
// layout); a weighted sum of all stored numbers of a channel stands for the channel.
#include <catch2/catch.hpp>

#include "tests/helpers/shared_data.hpp"
#include "tests/unit/recordings/intan_writer.hpp"
#include "tools/lib/zst_file.hpp"
#include "tools/recordings/crossings.hpp"
#include "tools/recordings/recording.hpp"

using namespace vturn::recordings;
using namespace vturn::test;

namespace {

std::vector<std::int32_t> all_of(Recording& recording, const std::string& channel) {
  const ChannelAddress address = find_channel(recording.info(), channel);
  std::vector<std::int32_t> values(static_cast<std::size_t>(recording.info().streams[address.stream].frames));
  recording.read_stored(address.stream, address.channel, 0, values);
  return values;
}

std::int64_t weighted_sum(Recording& recording, const std::string& channel) {
  const auto values = all_of(recording, channel);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += values[i] * static_cast<std::int64_t>(i % 1009 + 1);
  return sum;
}

void check_whole(const Recording& recording, std::int64_t frames) {
  const Timeline& timeline = recording.info().timelines.at(0);
  CHECK(timeline.rate_hz == 20000.0);
  CHECK(timeline.runs.size() == 1);
  CHECK(timeline.first_sample == 0);
  CHECK(timeline.frames() == frames);
  CHECK(recording.info().streams.at(0).frames == frames);
}

}  // namespace

TEST_CASE("a real .rhd of version 1.5") {
  const auto file = shared_data("formats/intan/v1.5-32ch-1s.rhd");
  if (!file) return;
  auto recording = open_recording(*file);
  CHECK(recording->info().version == "1.5");
  CHECK(recording->info().notes == std::vector<std::string>{"this is a note 1", "NOTE2!", "Finally, note 3."});
  check_whole(*recording, 19440);
  CHECK(weighted_sum(*recording, "A-000") == 318416479228);
  CHECK(weighted_sum(*recording, "A-031") == 318348565058);
  CHECK(weighted_sum(*recording, "A-AUX3") == 127167828000);
  CHECK(weighted_sum(*recording, "A-VDD1") == 2322760050);
  const ChannelAddress supply = find_channel(recording->info(), "A-VDD1");
  float volts = 0;
  recording->read(supply.stream, {&supply.channel, 1}, 0, 1, {&volts, 1});
  CHECK(volts == Approx(3.2999516));
}

TEST_CASE("a real .rhd of version 1.5 with every kind of signal") {
  const auto file = shared_data("formats/intan/v1.5-32ch-2s.rhd");
  if (!file) return;
  auto recording = open_recording(*file);
  check_whole(*recording, 40320);
  CHECK(weighted_sum(*recording, "A-000") == 666554619700);
  CHECK(weighted_sum(*recording, "A-031") == 666432975452);
  CHECK(weighted_sum(*recording, "A-AUX3") == 271942032375);
  CHECK(weighted_sum(*recording, "A-VDD1") == 9976088976);
  CHECK(weighted_sum(*recording, "ADC-01") == 0);
  CHECK(all_of(*recording, "TEMPERATURE-1") == std::vector<std::int32_t>(672, 2500));
  REQUIRE(recording->info().ttl.size() == 2);
  CHECK(recording->ttl_edges(0).empty());
}

TEST_CASE("a real .rhd of version 3.0") {
  const auto file = shared_data("formats/intan/v3.0-64ch.rhd");
  if (!file) return;
  auto recording = open_recording(*file);
  CHECK(recording->info().version == "3.0");
  check_whole(*recording, 17664);
  CHECK(weighted_sum(*recording, "A-000") == 288012985283);
  CHECK(weighted_sum(*recording, "B-031") == 288011848563);
  CHECK(weighted_sum(*recording, "B-AUX3") == 95935959350);
}

TEST_CASE("a real Open Ephys Binary recording of GUI 0.4 with spikes of tetrodes") {
  const auto folder = shared_data("formats/open-ephys-binary/v0.4.4.1_with_spikes");
  if (!folder) return;
  auto recording = open_recording(*folder);
  const RecordingInfo& info = recording->info();
  CHECK(info.version == "0.4.4.1");
  CHECK(info.warnings.empty());
  REQUIRE(info.streams.size() == 1);
  CHECK(info.streams[0].frames == 16);
  CHECK(info.streams[0].channels.size() == 32);
  REQUIRE(info.timelines.size() == 1);
  CHECK(info.timelines[0].first_sample == 326315008);
  std::int64_t sum = 0;
  for (const std::int32_t value : all_of(*recording, "CH1")) sum += value;
  CHECK(sum == -1487);
  CHECK(all_of(*recording, "CH2")[3] == 405);

  const auto spikes = recording->spikes();
  REQUIRE(spikes.size() == 3379);
  CHECK(spikes.front().sample == 326315052);
  CHECK(spikes.back().sample == 326827701);
  std::int64_t checksum = 0;
  std::vector<int> counts(info.electrodes.size());
  for (const RecordedSpike& spike : spikes) {
    checksum += (spike.sample - 326315008) % 100003;
    ++counts[spike.electrode];
  }
  CHECK(checksum == 166400643);
  CHECK(counts == std::vector<int>{85, 25, 130, 536, 315, 1220, 862, 206});
  const auto hundredth =
      std::find_if(spikes.begin(), spikes.end(), [](const RecordedSpike& s) { return s.row == 100; });
  CHECK(hundredth->sample == 326327376);
  CHECK(hundredth->electrode == 6);
  const auto waveform = recording->waveform(*hundredth);
  REQUIRE(waveform.size() == 160);
  CHECK(waveform[85] == Approx(-37 * 0.195));
}

TEST_CASE("what RHX streamed, put into its folder format, reads as it was streamed") {
  // RHX's own file of this run is not at hand: the folder is made of the bytes on the sockets.
  const auto waveform_file = shared_data("intan/mouse28/wide4/waveform.raw.zst");
  const auto spike_stream = shared_data("intan/mouse28/wide4/spike.raw");
  if (!waveform_file || !spike_stream) return;
  const auto stream = vturn::tools::read_file_or_zst(*waveform_file);
  REQUIRE(stream);
  constexpr std::size_t kColumns = 36, kFrameBytes = 4 + 2 * kColumns, kBlockBytes = 4 + 128 * kFrameBytes;
  const std::size_t blocks = stream->size() / kBlockBytes;
  CHECK(blocks == 673);
  ByteWriter times, amplifiers, auxiliaries, lines;
  std::vector<std::int32_t> expected_20;
  for (std::size_t frame = 0; frame < 128 * blocks; ++frame) {
    const std::uint8_t* at = stream->data() + frame / 128 * kBlockBytes + 4 + frame % 128 * kFrameBytes;
    times.u32(little<std::uint32_t>(at));
    for (std::size_t c = 0; c < kColumns; ++c) {
      const auto word = little<std::uint16_t>(at + 4 + 2 * c);
      if (c < 32) amplifiers.u16(word ^ 0x8000U);
      if (c >= 32 && c < 35) auxiliaries.u16(word);
      if (c == 35) lines.u16(word);
      if (c == 20) expected_20.push_back(std::int32_t{word} - 32768);
    }
  }
  const Bytes chunks = bytes_of_file(*spike_stream);
  std::vector<MadeSpike> streamed;
  for (std::size_t at = 0; at < chunks.size(); at += 14) {
    streamed.push_back({std::string(chunks.begin() + static_cast<std::ptrdiff_t>(at) + 4,
                                    chunks.begin() + static_cast<std::ptrdiff_t>(at) + 9),
                        little<std::int32_t>(chunks.data() + at + 9), chunks[at + 13]});
  }
  CHECK(streamed.size() == 867);

  TemporaryFolder folder;
  MadeIntan made;
  made.amplifiers = 32;
  made.auxiliaries = 3;
  made.supplies = made.analog_ins = 0;
  made.rate_hz = 20000.0;
  std::vector<std::string> names;
  for (int c = 0; c < 32; ++c) names.push_back("A-0" + std::string(c < 10 ? "0" : "") + std::to_string(c));
  folder.write("info.rhd", intan_header(made));
  folder.write("time.dat", times.bytes());
  folder.write("amplifier.dat", amplifiers.bytes());
  folder.write("auxiliary.dat", auxiliaries.bytes());
  folder.write("digitalin.dat", lines.bytes());
  folder.write("spike.dat", spike_file(names, streamed, false));

  auto recording = open_recording(folder.path());
  check_whole(*recording, static_cast<std::int64_t>(128 * blocks));
  CHECK(all_of(*recording, "A-020") == expected_20);
  const auto spikes = recording->spikes();
  REQUIRE(spikes.size() == streamed.size());
  for (std::size_t i = 0; i < spikes.size(); ++i) {
    CHECK(spikes[i].sample == streamed[i].sample);
    CHECK(recording->info().electrodes[spikes[i].electrode].name == streamed[i].channel);
  }
  // RHX found its spikes in the high band of these same samples.
  vturn::ingest::UnitMapSettings units;
  units.pattern = "A-{}";
  units.first = 0;
  CrossingSettings crossing;
  crossing.threshold_uv = -60.0;
  const auto detected = detect_by_unit(*recording, units, crossing, [](double) {});
  const auto recorded = spikes_by_unit(*recording, units);
  CHECK(detected.spikes.size() == recorded.spikes.size());
  std::size_t same = 0;
  for (const auto& spike : recorded.spikes) {
    same += static_cast<std::size_t>(std::count_if(detected.spikes.begin(), detected.spikes.end(), [&](const auto& d) {
      return d.unit == spike.unit && d.time_ns == spike.time_ns;
    }));
  }
  CHECK(same == recorded.spikes.size());

  std::size_t rising = 0;
  for (const TtlEdge& edge : recording->ttl_edges(0)) rising += edge.rising && edge.line == 0 ? 1 : 0;
  CHECK(rising == 4);
}
