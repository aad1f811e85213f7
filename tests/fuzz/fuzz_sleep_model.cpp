// The sleep model file: any bytes give one line of error or a model that a filter can run on without a NaN.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "daemon/models/sleep_model_json.hpp"
#include "daemon/sleep/sleep_filter.hpp"

namespace {

void run_on(const vturn::SleepModel& model) {
  vturn::SleepFilter filter;
  filter.prepare(model, 0.1);
  for (int n = 1; n <= 40; ++n) {
    vturn::FeatureFrame frame;
    frame.time_ns = n * 100 * vturn::kNsPerMs;
    for (std::size_t i = 0; i < vturn::kSleepFeatures; ++i) {
      if ((n + static_cast<int>(i)) % 7 != 0)
        frame.set(static_cast<vturn::SleepFeature>(i), static_cast<float>(n % 11));
    }
    filter.step(frame);
    const auto& p = filter.posterior();
    if (!(std::fabs(p[0] + p[1] + p[2] - 1.0) < 1e-9)) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto model = vturn::sleep_model_from_json(text, "night.json");
  if (!model) {
    if (model.error().find("night.json") != 0) __builtin_trap();  // an error without its place helps nobody
    return 0;
  }
  run_on(*model);
  const std::string written = vturn::sleep_model_to_json(*model);
  const auto again = vturn::sleep_model_from_json(written, "night.json");
  if (!again || again->hash != model->hash) __builtin_trap();
  return 0;
}
