#include <catch2/catch.hpp>
#include <cstddef>

#include "daemon/core/input_event.hpp"
#include "tests/unit/plugins/test_host.hpp"

using namespace vturn;

namespace {

/// Same name, same place, same size on both sides of the interface.
#define SAME_PLACE(c_struct, c_field, cpp_struct, cpp_field)                      \
  static_assert(offsetof(c_struct, c_field) == offsetof(cpp_struct, cpp_field) && \
                sizeof(static_cast<c_struct*>(nullptr)->c_field) ==               \
                    sizeof(static_cast<cpp_struct*>(nullptr)->cpp_field))

SAME_PLACE(vturn_event, session_time_ns, InputEvent, session_time_ns);
SAME_PLACE(vturn_event, arrival_mono_ns, InputEvent, arrival_mono_ns);
SAME_PLACE(vturn_event, now_mono_ns, InputEvent, now_mono_ns);
SAME_PLACE(vturn_event, source_sample, InputEvent, source_sample);
SAME_PLACE(vturn_event, parse_delay_ns, InputEvent, parse_delay_ns);
SAME_PLACE(vturn_event, source, InputEvent, source);
SAME_PLACE(vturn_event, kind, InputEvent, kind);
SAME_PLACE(vturn_event, flags, InputEvent, flags);
SAME_PLACE(vturn_event, payload, InputEvent, payload);
SAME_PLACE(vturn_spike, unit, SpikeInput, unit);
SAME_PLACE(vturn_spike, channel, SpikeInput, channel);
SAME_PLACE(vturn_spike, amplitude_uv, SpikeInput, amplitude_uv);
SAME_PLACE(vturn_lfp, signal, LfpInput, signal);
SAME_PLACE(vturn_lfp, count, LfpInput, count);
SAME_PLACE(vturn_lfp, rate_hz, LfpInput, rate_hz);
SAME_PLACE(vturn_lfp, samples, LfpInput, samples);
SAME_PLACE(vturn_heading, angle_rad, HeadingInput, angle_rad);
SAME_PLACE(vturn_ttl, line, TtlInput, line);
SAME_PLACE(vturn_ttl, state, TtlInput, state);
SAME_PLACE(vturn_ttl, word, TtlInput, word);
SAME_PLACE(vturn_source_change, change, SourceInput, change);
SAME_PLACE(vturn_source_change, cause, SourceInput, cause);
SAME_PLACE(vturn_source_change, carries_spikes, SourceInput, carries_spikes);
SAME_PLACE(vturn_source_change, carries_motion, SourceInput, carries_motion);
SAME_PLACE(vturn_source_change, epoch, SourceInput, epoch);
SAME_PLACE(vturn_source_change, count, SourceInput, count);
SAME_PLACE(vturn_source_change, value_ns, SourceInput, value_ns);
SAME_PLACE(vturn_command, text, CommandInput, text);
SAME_PLACE(vturn_output_result, result, OutputResultInput, result);
SAME_PLACE(vturn_output_result, output, OutputResultInput, output);
SAME_PLACE(vturn_output_result, rule, OutputResultInput, rule);
SAME_PLACE(vturn_output_result, trigger_id, OutputResultInput, trigger_id);
SAME_PLACE(vturn_output_result, fired_mono_ns, OutputResultInput, fired_mono_ns);
SAME_PLACE(vturn_recorder, lost, RecorderInput, lost);

template <class A, class B>
constexpr bool same(A a, B b) {
  return static_cast<int>(a) == static_cast<int>(b);
}
static_assert(same(VTURN_TICK, InputKind::kTick) && same(VTURN_SPIKE, InputKind::kSpike) &&
              same(VTURN_LFP, InputKind::kLfp) && same(VTURN_HEADING, InputKind::kHeading) &&
              same(VTURN_TTL, InputKind::kTtl) && same(VTURN_SOURCE, InputKind::kSource) &&
              same(VTURN_COMMAND, InputKind::kCommand) && same(VTURN_OUTPUT_RESULT, InputKind::kOutputResult) &&
              same(VTURN_RECORDER, InputKind::kRecorder));
static_assert(same(VTURN_CHANGE_UP, SourceChange::kUp) && same(VTURN_CHANGE_EPOCH, SourceChange::kEpoch) &&
              same(VTURN_CHANGE_GAP, SourceChange::kGap) && same(VTURN_CHANGE_CLOCK, SourceChange::kClock) &&
              same(VTURN_CHANGE_DOWN, SourceChange::kDown) && same(VTURN_CHANGE_OVERFLOW, SourceChange::kOverflow) &&
              same(VTURN_CHANGE_REFUSED, SourceChange::kRefused));
static_assert(same(VTURN_CAUSE_START, EpochCause::kStart) && same(VTURN_CAUSE_RESTART, EpochCause::kRestart) &&
              same(VTURN_CAUSE_LOOP, EpochCause::kLoop) && same(VTURN_CAUSE_RATE_CHANGE, EpochCause::kRateChange));
static_assert(same(VTURN_RESULT_FIRED, OutputResult::kFired) && same(VTURN_RESULT_SHAM, OutputResult::kSham) &&
              same(VTURN_RESULT_REFUSED, OutputResult::kRefused) && same(VTURN_RESULT_FAILED, OutputResult::kFailed) &&
              same(VTURN_RESULT_STOPPED, OutputResult::kStopped));
static_assert(same(VTURN_FLAG_BURST_END, kFlagBurstEnd) && same(VTURN_FLAG_MASTER, kFlagMaster));
static_assert(VTURN_NO_UNIT == kNoUnit && VTURN_NO_SOURCE == kNoSource && VTURN_MAX_LFP_SAMPLES == kMaxLfpSamples &&
              VTURN_MAX_COMMAND_TEXT == kMaxCommandText);

}  // namespace

TEST_CASE("every plugin says its version, its size and its name, and offers what it is") {
  struct Offer {
    const char* type;
    bool source, output;
  };
  for (const auto& [type, source, output] :
       {Offer{"open_ephys", true, false}, Offer{"tracking", true, false}, Offer{"mock", false, true},
        Offer{"udp", false, true}, Offer{"metronome", true, true}}) {
    INFO(type);
    const vturn_plugin& plugin = test::load(type);
    CHECK(plugin.abi_version == VTURN_ABI_VERSION);
    CHECK(plugin.struct_size == sizeof(vturn_plugin));
    CHECK(std::string(plugin.name) == type);
    CHECK((plugin.source != nullptr) == source);
    CHECK((plugin.output != nullptr) == output);
  }
}

TEST_CASE("a plugin exports its entry and nothing else that could clash with another") {
  void* handle = dlopen((std::string(VTURN_PLUGIN_DIRECTORY) + "/open_ephys.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  REQUIRE(handle != nullptr);
  CHECK(dlsym(handle, "vturn_plugin_entry") != nullptr);
  CHECK(dlsym(handle, "_ZN5vturn7plugins15OpenEphysSourceC1ERK10vturn_hostPKc") == nullptr);
}

TEST_CASE("a configuration that is no JSON object is refused in words") {
  for (const char* type : {"open_ephys", "tracking"}) {
    CHECK(test::source_refusal(test::load(type), "[1]").find("expected one JSON object") != std::string::npos);
    CHECK(test::source_refusal(test::load(type), "{").find("expected one JSON object") != std::string::npos);
  }
}
