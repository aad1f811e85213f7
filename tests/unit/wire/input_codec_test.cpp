// Inputs must come back from the log bit for bit: replay feeds them to the engine again.
#include <catch2/catch.hpp>
#include <cstring>
#include <limits>
#include <random>

#include "daemon/wire/codec.hpp"

namespace {

using namespace vturn;

class RandomInputs {
 public:
  InputEvent next() {
    InputEvent event;
    event.session_time_ns = wide<std::int64_t>();
    event.arrival_mono_ns = wide<std::int64_t>();
    event.now_mono_ns = wide<std::int64_t>();
    event.source_sample = wide<std::int64_t>();
    event.parse_delay_ns = wide<std::uint32_t>();
    event.source = wide<std::uint16_t>();
    event.flags = wide<std::uint8_t>();
    event.kind = static_cast<InputKind>(upto(1, 9));
    fill(event);
    return event;
  }

 private:
  template <class T>
  T wide() {
    switch (upto(0, 3)) {
      case 0:
        return 0;
      case 1:
        return std::numeric_limits<T>::max();
      case 2:
        return std::numeric_limits<T>::min();
      default:
        return static_cast<T>(random_());
    }
  }
  float real() {
    switch (upto(0, 4)) {
      case 0:
        return -0.0F;
      case 1:
        return std::numeric_limits<float>::quiet_NaN();
      case 2:
        return -std::numeric_limits<float>::infinity();
      case 3:
        return std::numeric_limits<float>::denorm_min();
      default:
        return std::uniform_real_distribution<float>(-1e6F, 1e6F)(random_);
    }
  }
  unsigned upto(unsigned low, unsigned high) { return std::uniform_int_distribution<unsigned>(low, high)(random_); }
  std::uint8_t bit() { return static_cast<std::uint8_t>(upto(0, 1)); }

  void fill(InputEvent& event) {
    auto& payload = event.payload;
    switch (event.kind) {
      case InputKind::kTick:
        return;
      case InputKind::kSpike:
        payload.spike.unit = wide<std::uint32_t>();
        payload.spike.channel = wide<std::uint32_t>();
        payload.spike.amplitude_uv = real();
        return;
      case InputKind::kLfp:
        payload.lfp.signal = wide<std::uint16_t>();
        payload.lfp.count = static_cast<std::uint16_t>(upto(0, kMaxLfpSamples));
        payload.lfp.rate_hz = real();
        for (unsigned i = 0; i < payload.lfp.count; ++i) payload.lfp.samples[i] = real();
        return;
      case InputKind::kHeading:
        payload.heading.angle_rad = real();
        return;
      case InputKind::kTtl:
        payload.ttl.line = wide<std::uint8_t>();
        payload.ttl.state = bit();
        payload.ttl.word = wide<std::uint64_t>();
        return;
      case InputKind::kSource:
        payload.source.change = static_cast<SourceChange>(upto(1, 7));
        payload.source.cause = static_cast<EpochCause>(upto(0, 4));
        payload.source.carries_spikes = bit();
        payload.source.carries_motion = bit();
        payload.source.epoch = wide<std::uint32_t>();
        payload.source.count = wide<std::uint64_t>();
        payload.source.value_ns = wide<std::int64_t>();
        return;
      case InputKind::kCommand:
        payload.command.command = static_cast<CommandKind>(upto(1, 9));
        payload.command.part = wide<std::uint8_t>();
        payload.command.more = bit();
        payload.command.length = static_cast<std::uint8_t>(upto(0, kMaxCommandText));
        payload.command.request = wide<std::uint32_t>();
        payload.command.value_ns = wide<std::int64_t>();
        for (unsigned i = 0; i < payload.command.length; ++i) payload.command.text[i] = static_cast<char>(random_());
        return;
      case InputKind::kOutputResult:
        payload.output.result = static_cast<OutputResult>(upto(1, 5));
        payload.output.output = wide<std::uint8_t>();
        payload.output.rule = wide<std::uint16_t>();
        payload.output.trigger_id = wide<std::uint32_t>();
        payload.output.fired_mono_ns = wide<std::int64_t>();
        return;
      case InputKind::kRecorder:
        payload.recorder.state = static_cast<RecorderState>(upto(1, 3));
        payload.recorder.lost = wide<std::uint64_t>();
        return;
    }
  }

  std::mt19937_64 random_{20240501};
};

bool same_bytes(const InputEvent& a, const InputEvent& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

TEST_CASE("every input comes back from its message bit for bit, through one reused message") {
  RandomInputs inputs;
  v1::Input message, parsed;
  for (int i = 0; i < 20'000; ++i) {
    const InputEvent event = inputs.next();
    wire::to_proto(event, message);
    REQUIRE(parsed.ParseFromString(message.SerializeAsString()));
    InputEvent back;
    REQUIRE(wire::from_proto(parsed, back));
    REQUIRE(same_bytes(event, back));
  }
}

TEST_CASE("the input encoder's bytes are an InputBatch of the same inputs in the same order") {
  RandomInputs inputs;
  wire::InputEncoder encoder;
  std::string bytes;
  std::vector<InputEvent> events;
  for (int i = 0; i < 3'000; ++i) {
    events.push_back(inputs.next());
    encoder.append(events.back(), bytes);
  }
  v1::InputBatch batch;
  REQUIRE(batch.ParseFromString(bytes));
  REQUIRE(batch.inputs_size() == 3'000);
  for (int i = 0; i < batch.inputs_size(); ++i) {
    InputEvent back;
    REQUIRE(wire::from_proto(batch.inputs(i), back));
    REQUIRE(same_bytes(events[static_cast<std::size_t>(i)], back));
  }
}

TEST_CASE("messages that no event could have given are refused") {
  v1::Input message;
  InputEvent event;
  CHECK_FALSE(wire::from_proto(message, event));

  message.mutable_tick();
  CHECK(wire::from_proto(message, event));
  message.set_source(0x10000);
  CHECK_FALSE(wire::from_proto(message, event));
  message.set_source(0);
  message.set_flags(256);
  CHECK_FALSE(wire::from_proto(message, event));
  message.set_flags(0);

  for (int i = 0; i <= kMaxLfpSamples; ++i) message.mutable_lfp()->add_samples(1.0F);
  CHECK_FALSE(wire::from_proto(message, event));
  message.mutable_lfp()->mutable_samples()->RemoveLast();
  CHECK(wire::from_proto(message, event));
  message.mutable_lfp()->set_signal(0x10000);
  CHECK_FALSE(wire::from_proto(message, event));

  message.mutable_command()->set_command(1);
  CHECK(wire::from_proto(message, event));
  message.mutable_command()->set_text(std::string(kMaxCommandText + 1, 'a'));
  CHECK_FALSE(wire::from_proto(message, event));

  message.mutable_change()->set_change(8);
  CHECK_FALSE(wire::from_proto(message, event));
  message.mutable_recorder()->set_state(0);
  CHECK_FALSE(wire::from_proto(message, event));
  message.mutable_output()->set_result(1);
  CHECK(wire::from_proto(message, event));
  message.mutable_output()->set_rule(0x10000);
  CHECK_FALSE(wire::from_proto(message, event));
}

}  // namespace
