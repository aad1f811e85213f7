// Source and output: Intan RHX 3.0-3.4 (RHD and RHS) through its TCP command and data ports.
#include "plugins/common/instance.hpp"
#include "plugins/intan_rhx/output.hpp"

namespace {

constexpr vturn_plugin kPlugin = {VTURN_ABI_VERSION, sizeof(vturn_plugin), "intan_rhx",
                                  &vturn::plugins::kSourceFunctions<vturn::plugins::IntanRhxSource>,
                                  &vturn::plugins::kOutputFunctions<vturn::plugins::IntanRhxOutput>};

}  // namespace

const vturn_plugin* vturn_plugin_entry(void) { return &kPlugin; }
