// What a device says to a stop, as the daemon has it.
#include "daemon/pipeline/output_set.hpp"

#include <catch2/catch.hpp>

using namespace vturn;

namespace {

std::int32_t answer = VTURN_RESULT_STOPPED;

constexpr vturn_output_functions kFunctions = {
    [](const vturn_host*, const char*, void*, char*, std::size_t) -> void* { return &answer; },
    [](void*, char*, std::size_t) -> std::int32_t { return 0; },
    [](void*, const vturn_pulse*) -> std::int32_t { return VTURN_RESULT_FIRED; },
    [](void*, std::uint32_t) -> std::int32_t { return answer; },
    [](void*) {},
};
constexpr vturn_plugin kPlugin = {VTURN_ABI_VERSION, sizeof(vturn_plugin), "answers", nullptr, &kFunctions};

}  // namespace

TEST_CASE("A stop has failed unless the device says that the pulse is over") {
  rt::EventQueue queue{{64, 64}};
  ingest::SessionClock clock;
  OutputSet outputs;
  outputs.add({"answers.so", &kPlugin},
              std::make_unique<PluginHost>(PluginHost::Settings{"laser", kNoSource, 0, 0, 0}, queue.producer(0), clock,
                                           [](int, const std::string&) {}),
              "{}", nullptr);
  CHECK(outputs.stop(0, 1) == OutputResult::kStopped);
  for (const std::int32_t other : {int{VTURN_RESULT_FAILED}, int{VTURN_RESULT_REFUSED}, int{VTURN_RESULT_QUEUED}, 99}) {
    answer = other;
    CHECK(outputs.stop(0, 1) == OutputResult::kNotStopped);
  }
  CHECK(outputs.stop(1, 1) == OutputResult::kNotStopped);  // no such output
}
