// Source: tracked head direction over UDP, as JSON or OSC.
#include "plugins/common/instance.hpp"
#include "plugins/tracking/tracking_source.hpp"

namespace {

constexpr vturn_plugin kPlugin = {VTURN_ABI_VERSION, sizeof(vturn_plugin), "tracking",
                                  &vturn::plugins::kSourceFunctions<vturn::plugins::TrackingSource>, nullptr};

}  // namespace

const vturn_plugin* vturn_plugin_entry(void) { return &kPlugin; }
