// The parser of Falcon Output blocks: made ones, damage of every kind, older schemas, and a capture of the real plugin
// against what other plugins captured of the same played file and against the file's true spikes.
#include "daemon/ingest/falcon_output.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numbers>
#include <random>

#include "tests/unit/ingest/capture_files.hpp"
#include "tests/unit/ingest/feed_messages.hpp"
#include "tests/unit/ingest/truth_of_recordings.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

FalconOutputParser& parser() {
  static FalconOutputParser one;
  return one;
}

ParseError parse(const Message& message, GuiMessage& out) {
  const auto frames = message.frames();
  return parser().parse(frames, out);
}

ParseError parse(const Message& message) {
  GuiMessage out;
  return parse(message, out);
}

/// What an accepted block promises, read to its last byte.
void touch(const GuiMessage& message) {
  const auto values = static_cast<std::size_t>(message.num_channels * message.num_samples);
  REQUIRE(message.samples.size() == values * sizeof(float));
  REQUIRE(
      (message.event_codes.empty() || message.event_codes.size() == 2 * static_cast<std::size_t>(message.num_samples)));
  float sum = 0;
  for (std::size_t i = 0; i < values; ++i) sum += sample_at(message.samples, i);
  for (const std::uint8_t byte : message.event_codes) sum += byte;
  volatile float kept = sum;
  static_cast<void>(kept);
}

constexpr std::size_t kChannels = 32, kSamples = 40 * 696;
using Channels = std::vector<std::vector<float>>;

/// All samples of the Falcon capture, by channel.
std::optional<Channels> falcon_samples() {
  const auto capture = load_capture("capture-falcon-b1024.bin");
  if (!capture) return std::nullopt;
  Channels all(kChannels, std::vector<float>(kSamples, NAN));
  for_each_message(*capture, [&](const CapturedMessage& captured) {
    GuiMessage message;
    REQUIRE(parser().parse(captured.frames(), message) == ParseError::kNone);
    REQUIRE(message.num_channels == kChannels);
    for (std::size_t c = 0; c < kChannels; ++c)
      for (std::size_t i = 0; i < static_cast<std::size_t>(message.num_samples); ++i)
        all[c].at(static_cast<std::size_t>(message.sample_num) + i) =
            sample_at(message.samples, c * static_cast<std::size_t>(message.num_samples) + i);
  });
  return all;
}

nlohmann::json header_of(const CapturedMessage& captured) {
  return nlohmann::json::parse(captured.parts[1].begin(), captured.parts[1].end());
}

/// Butterworth band-pass 300-6000 Hz at 30 kHz of two pole pairs, by the bilinear transform: the settings at which the
/// GUI's filter stood before the Falcon Output when the capture was taken.
class BandPass {
 public:
  BandPass() {
    constexpr double kRate = 30000;
    const double low = 2 * kRate * std::tan(std::numbers::pi * 300 / kRate);
    const double high = 2 * kRate * std::tan(std::numbers::pi * 6000 / kRate);
    const double centre = std::sqrt(low * high);
    const auto pole = std::polar(1.0, 3 * std::numbers::pi / 4) * ((high - low) / 2);
    const auto root = std::sqrt(pole * pole - centre * centre);
    const std::complex<double> z = std::polar(1.0, 2 * std::atan(centre / (2 * kRate)));
    std::complex<double> response = 1;
    for (std::size_t k = 0; k < 2; ++k) {
      const auto s = k == 0 ? pole + root : pole - root;
      const auto mapped = (2 * kRate + s) / (2 * kRate - s);
      a_[k] = {-2 * mapped.real(), std::norm(mapped)};
      response *= (1.0 - std::pow(z, -2)) / (1.0 + a_[k][0] / z + a_[k][1] * std::pow(z, -2));
    }
    gain_ = 1 / std::abs(response);
  }
  double push(double x) {
    x *= gain_;
    for (std::size_t k = 0; k < 2; ++k) {
      const double y = x + s_[k][0];
      s_[k] = {s_[k][1] - a_[k][0] * y, -x - a_[k][1] * y};
      x = y;
    }
    return x;
  }

 private:
  std::array<std::array<double, 2>, 2> a_{}, s_{};
  double gain_ = 1;
};

}  // namespace

TEST_CASE("A Falcon block gives all channels, event codes, its stream, rate and number") {
  FalconBlock block;
  block.samples = {1, 2, 3, -4, -5, -6.5F};
  block.codes = {0, 0x8001, 0xFFFF};
  block.stream = "File_Reader-100.example";
  block.channels = 2;
  block.count = 3;
  block.sample_num = 11832;
  block.message_id = 17;
  GuiMessage message;
  const Message sent = falcon_message(block);
  REQUIRE(parse(sent, message) == ParseError::kNone);
  CHECK(message.kind == MessageKind::kData);
  CHECK(message.numbered);
  CHECK(message.message_num == 17);
  CHECK(message.stream == "File_Reader-100.example");
  CHECK(message.sample_num == 11832);
  CHECK(message.sample_rate_hz == 30000.0);
  CHECK(message.num_channels == 2);
  CHECK(message.num_samples == 3);
  CHECK(sample_at(message.samples, 3) == -4);
  CHECK(sample_at(message.samples, 5) == -6.5F);
  REQUIRE(message.event_codes.size() == 6);
  CHECK(message.event_codes[2] == 0x01);
  CHECK(message.event_codes[3] == 0x80);
}

TEST_CASE("A Falcon block is read wherever it lies in memory") {
  const Part sent = falcon_message(falcon_block(3, 96, 24, 5, -7.25F)).parts[0];
  for (std::size_t shift = 0; shift < 16; ++shift) {
    std::vector<std::uint8_t> room(sent.size() + 16);
    std::copy(sent.begin(), sent.end(), room.begin() + static_cast<std::ptrdiff_t>(shift));
    const Bytes frame{room.data() + shift, sent.size()};
    GuiMessage message;
    REQUIRE(parser().parse({&frame, 1}, message) == ParseError::kNone);
    CHECK(message.sample_num == 96);
    CHECK(sample_at(message.samples, 24 * 5 - 1) == -7.25F);
    touch(message);
  }
}

TEST_CASE("Older schemas of the Falcon Output are told as such, anything else that is no block is not") {
  CHECK(parse(old_falcon_message()) == ParseError::kTooOld);
  CHECK_THAT(std::string(parser().describe(ParseError::kTooOld)), Catch::Contains("update"));
  CHECK(parse({{part("DATA")}}) == ParseError::kFlatBuffer);
  CHECK(parse({{part("")}}) == ParseError::kFlatBuffer);
  CHECK(parse({{Part(200, 0)}}) == ParseError::kFlatBuffer);
  CHECK(parse({{Part(200, 255)}}) == ParseError::kFlatBuffer);
  CHECK(parse({{}}) == ParseError::kFrameCount);
  CHECK(parse({{Part(8), Part(8)}}) == ParseError::kFrameCount);
  CHECK(parse({{Part(kMaxFalconBytes + 1)}}) == ParseError::kTooLong);
}

TEST_CASE("Falcon fields out of range and lengths that do not agree are refused") {
  const FalconBlock good = falcon_block(1, 0, 10, 3);
  REQUIRE(parse(falcon_message(good)) == ParseError::kNone);
  const auto error_of = [&good](auto&& change) {
    FalconBlock bad = good;
    change(bad);
    return parse(falcon_message(bad));
  };
  CHECK(error_of([](FalconBlock& b) { b.samples.pop_back(); }) == ParseError::kPayloadSize);
  CHECK(error_of([](FalconBlock& b) { b.codes.pop_back(); }) == ParseError::kPayloadSize);
  CHECK(error_of([](FalconBlock& b) { b.channels = 4; }) == ParseError::kPayloadSize);
  CHECK(error_of([](FalconBlock& b) { b.count = 11; }) == ParseError::kPayloadSize);
  // 65536 x 65536 is 0 in 32 bits.
  CHECK(error_of([](FalconBlock& b) { b.samples.clear(), b.channels = b.count = 65536; }) == ParseError::kBadField);
  CHECK(error_of([](FalconBlock& b) { b.channels = kMaxChannels + 1; }) == ParseError::kBadField);
  CHECK(error_of([](FalconBlock& b) { b.sample_num = std::uint64_t{kMaxSampleNumber} + 1; }) == ParseError::kBadField);
  CHECK(error_of([](FalconBlock& b) { b.sample_num = UINT64_MAX; }) == ParseError::kBadField);
  CHECK(error_of([](FalconBlock& b) { b.rate_hz = 4'000'000'000U; }) == ParseError::kBadField);
  CHECK(error_of([](FalconBlock& b) { b.stream = std::string(257, 's'); }) == ParseError::kBadField);
  CHECK(error_of([](FalconBlock& b) { b.codes.clear(); }) == ParseError::kNone);
}

TEST_CASE("A Falcon block cut anywhere, or with any bit changed, is refused or keeps what it promises") {
  const Message good = falcon_message(falcon_block(1, 30, 12, 3));
  for (std::size_t bytes = 0; bytes < good.parts[0].size(); ++bytes) {
    // A copy of its own size, so that a sanitizer sees any read beyond it.
    const Message message{{{good.parts[0].begin(), good.parts[0].begin() + static_cast<std::ptrdiff_t>(bytes)}}};
    GuiMessage out;
    if (parse(message, out) == ParseError::kNone) touch(out);
  }
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < 8 * good.parts[0].size(); ++bit) {
    Message message = good;
    message.parts[0][bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    GuiMessage out;
    parse(message, out) == ParseError::kNone ? touch(out) : static_cast<void>(++refused);
  }
  CHECK(refused > 100);
  std::mt19937 random(11);
  for (int i = 0; i < 20'000; ++i) {
    Message message = good;
    for (int changes = 0; changes < 4; ++changes)
      message.parts[0][random() % std::min<std::size_t>(message.parts[0].size(), 120)] =
          static_cast<std::uint8_t>(random());
    GuiMessage out;
    if (parse(message, out) == ParseError::kNone) touch(out);
  }
}

TEST_CASE("Every refusal of the Falcon Output has a line for people") {
  for (const ParseError error :
       {ParseError::kNone, ParseError::kFrameCount, ParseError::kTooLong, ParseError::kFlatBuffer, ParseError::kTooOld,
        ParseError::kMissingField, ParseError::kBadField, ParseError::kPayloadSize})
    CHECK(parser().describe(error) != "unknown error");
}

TEST_CASE("Falcon capture: 40 blocks of 32 x 696, numbered 1 to 40, contiguous") {
  const auto capture = load_capture("capture-falcon-b1024.bin");
  if (!capture) return;
  std::int64_t blocks = 0;
  for_each_message(*capture, [&](const CapturedMessage& captured) {
    GuiMessage message;
    REQUIRE(parser().parse(captured.frames(), message) == ParseError::kNone);
    CHECK(message.num_channels == 32);
    CHECK(message.num_samples == 696);
    CHECK(message.sample_num == 696 * blocks);
    CHECK(message.message_num == ++blocks);
    CHECK(message.event_codes.size() == 2 * 696);
  });
  CHECK(blocks == 40);
}

TEST_CASE("Falcon samples equal, to the bit, the waveforms that the spike detector cut out of the same stream") {
  const auto falcon = falcon_samples();
  const auto capture = load_capture("capture-spikes-b1024.bin");
  if (!falcon || !capture) return;
  std::size_t spikes = 0, samples = 0, different = 0;
  for_each_message(*capture, [&](const CapturedMessage& captured) {
    const auto header = header_of(captured);
    if (header["type"] != "spike") return;
    const auto& spike = header["spike"];
    const std::string electrode = spike["electrode"];
    const bool tetrode = electrode.starts_with("Tetrode ");
    const auto number = static_cast<std::size_t>(std::stoi(electrode.substr(electrode.find(' '))));
    const std::size_t channel = tetrode ? 24 + 4 * (number - 1) : number - 1;
    // The waveform's minimum is its sample 9 (facts).
    const auto first = spike["sample_num"].get<std::int64_t>() - 9;
    if (first < 0 || first + 40 > static_cast<std::int64_t>(kSamples)) return;
    ++spikes;
    for (std::size_t c = 0; c < (tetrode ? 4U : 1U); ++c) {
      for (std::size_t i = 0; i < 40; ++i, ++samples) {
        const float cut_out = sample_at(captured.parts[2], c * 40 + i);
        if (cut_out != (*falcon)[channel + c][static_cast<std::size_t>(first) + i]) ++different;
      }
    }
  });
  CHECK(spikes > 150);
  CHECK(samples > 6000);
  CHECK(different == 0);
}

TEST_CASE("Falcon samples equal the played file: every sample of four channels, through the GUI's band-pass") {
  const auto falcon = falcon_samples();
  const auto capture = load_capture("capture-raw-b128.bin");
  if (!falcon || !capture) return;
  Channels raw(4, std::vector<float>(kSamples, NAN));
  for_each_message(*capture, [&](const CapturedMessage& captured) {
    const auto header = header_of(captured);
    if (header["type"] != "data") return;
    const auto& content = header["content"];
    auto& channel = raw.at(content["channel_num"].get<std::size_t>());
    const auto first = content["sample_num"].get<std::size_t>();
    for (std::size_t i = 0; i < captured.parts[2].size() / 4 && first + i < kSamples; ++i)
      channel[first + i] = sample_at(captured.parts[2], i);
  });
  double worst = 0;
  for (std::size_t c = 0; c < raw.size(); ++c) {
    BandPass filter;
    for (std::size_t i = 0; i < kSamples; ++i) {
      REQUIRE(std::isfinite(raw[c][i]));
      worst = std::max(worst, std::fabs(filter.push(raw[c][i]) - (*falcon)[c][i]));
    }
  }
  CHECK(worst < 5e-5);  // microvolts; the GUI filters in single precision
}

TEST_CASE("Falcon samples have a trough where each of the recording's true spikes is") {
  const auto falcon = falcon_samples();
  const auto truth = synthetic_spikes();
  if (!falcon || !truth) return;
  constexpr std::int64_t kAround = 10;
  std::size_t spikes = 0, missed = 0;
  for (const auto& [sample, unit] : *truth) {
    // Units 24..27 sit on tetrodes, where which channel sees them best is not told.
    if (unit >= 24 || sample < kAround || sample + kAround >= static_cast<std::int64_t>(kSamples)) continue;
    const auto& channel = (*falcon)[static_cast<std::size_t>(unit)];
    const auto lowest = std::min_element(channel.begin() + sample - kAround, channel.begin() + sample + kAround + 1);
    ++spikes;
    if (std::abs(lowest - channel.begin() - sample) > 2 || *lowest > -40.0F) ++missed;
  }
  CHECK(spikes > 90);
  CHECK(missed == 0);
}
