// A recording played as live, over a real loopback socket, read by the daemon's own parser.
#include "tools/simulation/recording_playback.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <numeric>
#include <thread>

#include "daemon/ingest/zmq_interface.hpp"
#include "tests/unit/recordings/intan_writer.hpp"
#include "tests/unit/recordings/open_ephys_writer.hpp"

using namespace vturn;
using namespace vturn::simulation;
using namespace vturn::test;
using Catch::Matchers::Contains;

namespace {

/// What a subscriber saw, in order.
struct Seen {
  struct Spike {
    std::string electrode;
    SampleIndex sample;
    std::int64_t sorted_id;
    float lowest_uv;
  };
  std::vector<Spike> spikes;
  std::vector<recordings::TtlEdge> edges;
  std::map<std::string, std::vector<float>> channels;
  std::map<std::string, std::vector<SampleIndex>> block_starts;
  std::vector<std::int64_t> message_numbers;
  std::size_t refused = 0;
};

std::string free_address() {
  ZmqContext context;
  ZmqSocket probe(context, ZMQ_PUB);
  probe.bind("tcp://127.0.0.1:*");
  return probe.endpoint();
}

std::vector<Bytes> receive(ZmqSocket& socket) {
  std::vector<Bytes> parts;
  for (bool more = true; more;) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, socket.get(), 0) < 0) return {};
    const auto* data = static_cast<const std::uint8_t*>(zmq_msg_data(&part));
    parts.emplace_back(data, data + zmq_msg_size(&part));
    more = zmq_msg_more(&part) != 0;
    zmq_msg_close(&part);
  }
  return parts;
}

void take(const std::vector<Bytes>& parts, ingest::FeedParser& parser, Seen& seen) {
  std::vector<ingest::Bytes> frames(parts.begin(), parts.end());
  ingest::GuiMessage message;
  if (parser.parse(frames, message) != ingest::ParseError::kNone) {
    ++seen.refused;
    return;
  }
  seen.message_numbers.push_back(message.message_num);
  const auto count = static_cast<std::size_t>(message.num_channels * message.num_samples);
  if (message.kind == ingest::MessageKind::kTtl) {
    seen.edges.push_back({message.sample_num, message.ttl_line, message.ttl_state != 0});
  } else if (message.kind == ingest::MessageKind::kSpike) {
    float lowest = 0.0F;
    for (std::size_t i = 0; i < count; ++i) lowest = std::min(lowest, ingest::sample_at(message.samples, i));
    seen.spikes.push_back({std::string(message.electrode), message.sample_num, message.sorted_id, lowest});
  } else {
    auto& channel = seen.channels[std::string(message.channel_name)];
    for (std::size_t i = 0; i < count; ++i) channel.push_back(ingest::sample_at(message.samples, i));
    seen.block_starts[std::string(message.channel_name)].push_back(message.sample_num);
  }
}

Seen play_through(const std::filesystem::path& path, RecordingPlaybackSettings settings) {
  settings.address = free_address();
  PlaySettings pace;
  pace.speed = 0.0;
  PlayResult result;
  std::thread player([&] {
    RecordingPlayback playback(recordings::open_recording(path), settings);
    result = play(playback, pace, "blocks");
  });
  ZmqContext context;
  ZmqSocket subscriber(context, ZMQ_SUB);
  subscriber.set(ZMQ_RCVHWM, 0);
  subscriber.set(ZMQ_LINGER, 0);
  subscriber.set(ZMQ_RCVTIMEO, 1500);
  subscriber.subscribe("");
  subscriber.connect(settings.address);
  Seen seen;
  ingest::ZmqInterfaceParser parser;
  for (auto parts = receive(subscriber); !parts.empty(); parts = receive(subscriber)) take(parts, parser, seen);
  player.join();
  CHECK(result.exit_code == 0);
  CHECK(seen.refused == 0);
  for (std::size_t i = 0; i < seen.message_numbers.size(); ++i) {
    REQUIRE(seen.message_numbers[i] == static_cast<std::int64_t>(i) + 1);
  }
  return seen;
}

}  // namespace

TEST_CASE("an Open Ephys recording played as live is what was recorded") {
  TemporaryFolder folder;
  MadeOpenEphys made;
  made.sample_numbers.resize(1000);
  std::iota(made.sample_numbers.begin(), made.sample_numbers.end(), 100);
  for (std::size_t i = 700; i < 1000; ++i) made.sample_numbers[i] += 500;  // a gap
  write_open_ephys(folder, "r", made);
  const Seen seen = play_through(folder.path(), {});
  REQUIRE(seen.channels.size() == 3);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto& values = seen.channels.at("CH" + std::to_string(c + 1));
    REQUIRE(values.size() == 1000);
    for (std::size_t i = 0; i < values.size(); ++i) {
      REQUIRE(values[i] == Approx(0.195 * MadeOpenEphys::stored(c, i)));
    }
  }
  // Blocks of 300 samples, cut where the recording has its gap.
  CHECK(seen.block_starts.at("CH1") == std::vector<SampleIndex>{100, 400, 700, 1300});
  REQUIRE(seen.spikes.size() == 3);
  CHECK((seen.spikes[0].electrode == "Electrode 1" && seen.spikes[0].sample == 105));
  CHECK((seen.spikes[2].electrode == "Electrode 2" && seen.spikes[2].sample == 130));
  CHECK(seen.spikes[2].sorted_id == 2);
  REQUIRE(seen.edges.size() == 3);
  CHECK((seen.edges[1].sample == 112 && seen.edges[1].line == 2 && seen.edges[1].rising));
}

TEST_CASE("a recording of RHX played as Open Ephys: chosen channels, spikes without artefacts") {
  TemporaryFolder folder;
  MadeIntan made;
  made.digital_in = false;
  made.blocks = 10;
  write_per_type(folder, made, 1);
  folder.write("spike.dat", spike_file({"A-000", "A-001"}, {{"A-001", 30}, {"A-000", 60, 0x80}, {"A-000", 90}}, false));
  RecordingPlaybackSettings settings;
  settings.channels = {"A-002", "A-AUX1"};
  const Seen seen = play_through(folder.path(), settings);
  REQUIRE(seen.channels.size() == 2);
  CHECK(seen.channels.at("A-002")[77] == Approx(0.195 * (MadeIntan::stored(kMadeAmplifier, 2, 77) - 32768)));
  CHECK(seen.channels.at("A-AUX1")[8] == Approx(37.4e-6 * MadeIntan::stored(kMadeAuxiliary, 0, 2)));
  REQUIRE(seen.spikes.size() == 2);
  CHECK((seen.spikes[0].electrode == "A-000" && seen.spikes[0].sample == 90));
  CHECK(seen.spikes[0].lowest_uv == Approx(-19.5));
  settings.channels = {"Z"};
  CHECK_THROWS_WITH(RecordingPlayback(recordings::open_recording(folder.path()), settings), Contains("no channel 'Z'"));
  settings.stream = "other";
  CHECK_THROWS_WITH(RecordingPlayback(recordings::open_recording(folder.path()), settings),
                    Contains("no stream 'other'"));
}

TEST_CASE("spikes alone") {
  TemporaryFolder folder;
  MadeOpenEphys made;
  made.sample_numbers.resize(1000);
  std::iota(made.sample_numbers.begin(), made.sample_numbers.end(), 100);
  write_open_ephys(folder, "r", made);
  std::filesystem::remove_all(folder.path() / "r/continuous");
  const Seen seen = play_through(folder.path(), {});
  CHECK(seen.channels.empty());
  CHECK(seen.spikes.size() == 3);
}
