// Cut-off and damaged files: read right, or one clear error that names the file and the byte.
#include <catch2/catch.hpp>

#include "tests/unit/recordings/intan_writer.hpp"
#include "tests/unit/recordings/owned_source.hpp"
#include "tools/recordings/intan_header.hpp"
#include "tools/recordings/intan_recording.hpp"
#include "tools/recordings/spike_file.hpp"

using namespace vturn::recordings;
using namespace vturn::test;
using Catch::Matchers::Contains;

namespace {

MadeIntan small() {
  MadeIntan made;
  made.amplifiers = 1;
  made.auxiliaries = made.supplies = made.analog_ins = 0;
  made.digital_in = false;
  made.blocks = 2;
  return made;
}

std::unique_ptr<Recording> open_bytes(const Bytes& bytes, bool allow_truncated) {
  std::vector<std::unique_ptr<ByteSource>> files;
  files.push_back(std::make_unique<OwnedSource>(bytes, "made.rhd"));
  return open_intan_files(std::move(files), {allow_truncated});
}

bool is_clear(const std::string& message) {
  return message.starts_with("made.rhd: byte ") && message.find('\n') == std::string::npos && message.size() < 300;
}

}  // namespace

TEST_CASE("an .rhd cut off at any byte") {
  const MadeIntan made = small();
  const Bytes whole = intan_file(made);
  const std::size_t header = intan_header(made).size();
  const std::size_t block = intan_block(made, 0).size();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const bool between_blocks = size >= header && (size - header) % block == 0;
    INFO(size);
    if (between_blocks) {
      CHECK(open_bytes(cut, false)->info().streams[0].frames ==
            static_cast<std::int64_t>((size - header) / block) * made.samples_per_block());
      continue;
    }
    try {
      open_bytes(cut, false);
      FAIL("no error");
    } catch (const RecordingError& error) {
      if (!is_clear(error.what())) FAIL(error.what());
    }
    if (size < header) {
      CHECK_THROWS_AS(open_bytes(cut, true), RecordingError);
    } else {
      const auto recording = open_bytes(cut, true);
      CHECK(recording->info().streams[0].frames ==
            static_cast<std::int64_t>((size - header) / block) * made.samples_per_block());
      CHECK(recording->info().warnings.size() == 1);
    }
  }
}

TEST_CASE("the error of a cut-off .rhd says where its last block begins") {
  const MadeIntan made = small();
  Bytes bytes = intan_file(made);
  bytes.pop_back();
  const std::size_t last = intan_header(made).size() + intan_block(made, 0).size();
  CHECK_THROWS_WITH(open_bytes(bytes, false), Contains("made.rhd: byte " + std::to_string(last)) &&
                                                  Contains("data block 1") && Contains("--allow-truncated"));
}

TEST_CASE("any bit of an .rhd turned: an error that says where, or a recording of its size") {
  const MadeIntan made = small();
  const Bytes whole = intan_file(made);
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < 8 * whole.size(); bit += bit < 8 * 300 ? 1 : 13) {
    Bytes turned = whole;
    turned[bit / 8] = static_cast<std::uint8_t>(turned[bit / 8] ^ (1U << (bit % 8)));
    try {
      const auto recording = open_bytes(turned, false);
      REQUIRE(recording->info().streams[0].frames <= static_cast<std::int64_t>(whole.size()));
    } catch (const RecordingError& error) {
      ++refused;
      if (!is_clear(error.what())) FAIL(error.what());
    }
  }
  CHECK(refused > 100);
}

TEST_CASE("one wrong timestamp is damage at its byte, not a gap") {
  MadeIntan made = small();
  made.timestamp = [](std::int64_t frame) { return frame == 130 ? 999 : frame; };
  const std::size_t at = intan_header(made).size() + intan_block(made, 0).size() + 2 * 4;
  CHECK_THROWS_WITH(open_bytes(intan_file(made), false),
                    Contains("byte " + std::to_string(at)) && Contains("timestamp 999"));
}

TEST_CASE("a header that no program writes is refused") {
  const auto header_error = [](MadeIntan made, const Bytes& bytes) {
    (void)made;
    const MemorySource source(bytes, "made.rhd");
    try {
      read_intan_header(source);
    } catch (const RecordingError& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  MadeIntan made = small();
  made.major = 4;
  CHECK_THAT(header_error(made, intan_header(made)), Contains("byte 4") && Contains("version 4"));
  made.major = 3;
  made.rate_hz = -1.0;
  CHECK_THAT(header_error(made, intan_header(made)), Contains("byte 8") && Contains("rate"));
  CHECK_THAT(header_error(made, Bytes(100, 0)), Contains("byte 0") && Contains("no Intan recording"));
  CHECK_THAT(header_error(made, Bytes{}), Contains("byte 0"));
}

TEST_CASE("spike.dat cut off at any byte") {
  const std::vector<std::string> names{"A-000", "A-001"};
  const std::vector<MadeSpike> spikes{{"A-001", 10}, {"A-000", 12, 0x80}, {"A-001", 12}};
  for (const bool single : {false, true}) {
    const std::vector<std::string> channels = single ? std::vector<std::string>{"A-001"} : names;
    const Bytes whole = spike_file(channels, spikes, single);
    const std::size_t header = spike_file(channels, {}, single).size();
    const std::size_t record = (whole.size() - header) / spikes.size();
    for (std::size_t size = 0; size <= whole.size(); ++size) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const auto open = [&](bool allow) { return SpikeFile(std::make_unique<OwnedSource>(cut, "spike.dat"), allow); };
      INFO(size);
      const bool clean = size >= header && (size - header) % record == 0;
      if (!clean) CHECK_THROWS_WITH(open(false), Contains("spike.dat: byte "));
      if (size < header) continue;
      std::vector<RecordedSpike> read;
      open(true).read(4, read);
      CHECK(read.size() == (size - header) / record);
    }
    std::vector<RecordedSpike> read;
    const SpikeFile file(std::make_unique<OwnedSource>(whole, "spike.dat"), false);
    file.read(4, read);
    REQUIRE(read.size() == 3);
    CHECK(read[0].sample == 10);
    CHECK(read[0].electrode == (single ? 4U : 5U));
    CHECK(read[1].id == 0x80);
    CHECK(file.rate_hz() == 30000.0);
    const auto snapshot = file.snapshot(2);
    REQUIRE(snapshot.size() == 8);
    CHECK(snapshot[3] == Approx(-19.5));
    CHECK(snapshot[2] == 0.0F);
  }
}

TEST_CASE("spikes of a channel that the header does not name, or that go back in time, are damage") {
  const auto error_of = [](const std::vector<MadeSpike>& spikes) {
    const Bytes bytes = spike_file({"A-000"}, spikes, false, 0, 0);
    std::vector<RecordedSpike> read;
    SpikeFile(std::make_unique<OwnedSource>(bytes, "spike.dat"), false).read(0, read);
  };
  CHECK_THROWS_WITH(error_of({{"A-001", 1}}), Contains("spike.dat: byte ") && Contains("none of those"));
  CHECK_THROWS_WITH(error_of({{"A-000", 5}, {"A-000", 4}}), Contains("spike.dat: byte ") && Contains("follows 5"));
}
