#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "daemon/decode/heading_filter.hpp"
#include "daemon/models/heading_model_json.hpp"

using namespace vturn;

namespace {

using Json = nlohmann::ordered_json;

/// A model of one unit, so that mutations of a few bytes reach every key.
const Json& template_model() {
  static const Json model = [] {
    HeadingModel start;
    HeadingUnit unit;
    unit.unit = 3;
    unit.mean_rate_hz = 5.0F;
    unit.rate_hz.fill(5.0F);
    start.units.push_back(unit);
    return Json::parse(heading_model_to_json(start));
  }();
  return model;
}

void run(std::string_view text) {
  const auto model = heading_model_from_json(text, "fuzz.json");
  if (!model) {
    if (model.error().find('\n') != std::string::npos || model.error().rfind("fuzz.json: ", 0) != 0) std::abort();
    return;
  }
  // Writing and reading again costs as much as all the rest: one model in four.
  if (model->hash % 4 == 0 && !heading_model_from_json(heading_model_to_json(*model), "again.json")) std::abort();
  HeadingFilter filter;
  filter.prepare(*model, Kernel::scalar);
  filter.spike(0, model->units.front().unit);
  filter.advance(20 * kNsPerMs);
  const HeadingOutput out = filter.estimate();
  if (!(out.concentration >= 0.0F && out.concentration <= 1.0F)) std::abort();
}

}  // namespace

/// The input as a whole file, and as a JSON merge patch (RFC 7386) of a good model: the structure-aware half.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  run(text);
  const Json patch = Json::parse(text, nullptr, false);
  if (!patch.is_object()) return 0;
  Json patched = template_model();
  patched.merge_patch(patch);
  run(patched.dump(-1, ' ', false, Json::error_handler_t::replace));
  return 0;
}
