#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "daemon/core/input_event.hpp"
#include "daemon/core/output_event.hpp"
#include "daemon/record/recorder.hpp"
#include "daemon/record/session_log.hpp"

namespace vturn::test {

/// A folder of its own that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "vturn-record-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::string file_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline float random_real(std::mt19937_64& random) {
  return static_cast<float>(static_cast<double>(random() % 2000001) / 1000.0 - 1000.0);
}

inline void fill_random(InputEvent& event, std::mt19937_64& random) {
  auto& payload = event.payload;
  switch (event.kind) {
    case InputKind::kTick:
      break;
    case InputKind::kSpike:
      payload.spike = {random() % 9 == 0 ? kNoUnit : static_cast<UnitId>(random() % kMaxUnits),
                       static_cast<std::uint32_t>(random() % 64), random_real(random)};
      break;
    case InputKind::kLfp:
      payload.lfp.signal = static_cast<std::uint16_t>(random() % 6);
      payload.lfp.count = static_cast<std::uint16_t>(1 + random() % kMaxLfpSamples);
      payload.lfp.rate_hz = 1000.0F;
      for (std::size_t i = 0; i < payload.lfp.count; ++i) payload.lfp.samples[i] = random_real(random);
      break;
    case InputKind::kHeading:
      payload.heading = {random_real(random)};
      break;
    case InputKind::kTtl:
      payload.ttl = {static_cast<std::uint8_t>(random() % 8), static_cast<std::uint8_t>(random() % 2), random()};
      break;
    case InputKind::kSource:
      payload.source = {static_cast<SourceChange>(1 + random() % 7), static_cast<EpochCause>(random() % 5),
                        static_cast<std::uint8_t>(random() % 2),     static_cast<std::uint8_t>(random() % 2),
                        static_cast<std::uint32_t>(random() % 9),    random() % 5000,
                        static_cast<std::int64_t>(random())};
      break;
    case InputKind::kCommand: {
      payload.command.command = static_cast<CommandKind>(1 + random() % 9);
      payload.command.request = static_cast<std::uint32_t>(random());
      payload.command.value_ns = static_cast<std::int64_t>(random());
      const std::string text = "note " + std::to_string(random() % 1000);
      payload.command.length = static_cast<std::uint8_t>(text.size());
      std::copy(text.begin(), text.end(), payload.command.text.begin());
      break;
    }
    case InputKind::kOutputResult:
      payload.output = {static_cast<OutputResult>(1 + random() % 5), static_cast<std::uint8_t>(random() % 3),
                        static_cast<std::uint16_t>(random() % 4), static_cast<std::uint32_t>(random()),
                        static_cast<MonoNs>(random() % (1ULL << 60))};
      break;
    case InputKind::kRecorder:
      payload.recorder = {static_cast<RecorderState>(1 + random() % 3), random()};
      break;
  }
}

/// Random inputs of every kind; runs of them share a decision step, as bursts do.
inline std::vector<InputEvent> random_inputs(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<InputEvent> inputs(count);
  MonoNs now = 5 * kNsPerS;
  SessionNs session = 0;
  for (auto& event : inputs) {
    if (random() % 4 == 0) now += static_cast<MonoNs>(random() % (20 * kNsPerMs));
    session += static_cast<SessionNs>(random() % kNsPerMs);
    event.kind = static_cast<InputKind>(1 + random() % 9);
    event.session_time_ns = session - static_cast<SessionNs>(random() % 1000);
    event.arrival_mono_ns = now - static_cast<MonoNs>(random() % 100000);
    event.now_mono_ns = now;
    event.source_sample = static_cast<SampleIndex>(random() % (1ULL << 50));
    event.parse_delay_ns = static_cast<std::uint32_t>(random() % 50000);
    event.source = random() % 5 == 0 ? kNoSource : static_cast<SourceIndex>(random() % 3);
    event.flags = static_cast<std::uint8_t>(random() % 4);
    fill_random(event, random);
  }
  return inputs;
}

/// Payload bytes a kind does not use are zero on both sides, so whole events compare.
inline bool same(const InputEvent& a, const InputEvent& b) {
  return a.session_time_ns == b.session_time_ns && a.arrival_mono_ns == b.arrival_mono_ns &&
         a.now_mono_ns == b.now_mono_ns && a.source_sample == b.source_sample && a.parse_delay_ns == b.parse_delay_ns &&
         a.source == b.source && a.kind == b.kind && a.flags == b.flags &&
         std::memcmp(&a.payload, &b.payload, sizeof a.payload) == 0;
}

inline OutputEvent trigger_output(std::uint32_t id, Arm arm) {
  OutputEvent event;
  event.kind = OutputKind::kTrigger;
  event.session_time_ns = 2 * kNsPerS + id;
  event.source_sample = 60000;
  TriggerOutput& trigger = event.payload.trigger;
  trigger = TriggerOutput{};
  trigger.cause.kind = CauseKind::kTurn;
  trigger.cause.value.turn = {event.session_time_ns - 30 * kNsPerMs,
                              event.session_time_ns,
                              -0.4F,
                              -3.0F,
                              5.5F,
                              Direction::kClockwise,
                              TurnPhase::kOnset,
                              SleepState::kRem};
  trigger.valid_until_ns = event.session_time_ns + 50 * kNsPerMs;
  trigger.pulse_ms = 10.0F;
  trigger.p_state = 0.97F;
  trigger.trigger_id = id;
  trigger.arm = arm;
  return event;
}

inline OutputEvent heading_output(SessionNs at_ns, float angle_rad) {
  OutputEvent event;
  event.kind = OutputKind::kHeading;
  event.session_time_ns = at_ns;
  event.payload.heading = {angle_rad, angle_rad, 0.9F,   0.8F,           0.1F, 0.1F,
                           0.5F,      0.2F,      120.0F, Dynamics::kRem, 0.5F, 0.1F};
  return event;
}

inline wire::Stamps stamps_at(MonoNs arrival_ns) {
  return {arrival_ns, arrival_ns + 1000, arrival_ns + 2000, arrival_ns + 3000, arrival_ns + 4000, arrival_ns + 5000, 0};
}

inline record::SessionWriterOptions session_options(bool blinded = false) {
  record::SessionWriterOptions options;
  options.encoder.session_id = "night-1";
  options.encoder.config_hash = "c0ffee";
  options.encoder.blinded = blinded;
  options.encoder.names = {{"rem-clockwise"}, {"laser"}, {"ephys", "tracker", "clock"}, {}};
  options.attachments = {{1, 1, std::string(record::kConfigAttachment), "application/toml", "[rig]\nname = \"m\"\n"}};
  options.about = {{"version", "0.1.0"}};
  options.wall_minus_mono_ns = 1'700'000'000 * kNsPerS;
  return options;
}

inline record::RecorderOptions recorder_options(const TemporaryFolder& folder) {
  record::RecorderOptions options;
  options.directory = folder.file("sessions");
  options.session = session_options();
  options.ring_bytes = 1U << 20;
  return options;
}

}  // namespace vturn::test
