// Source and output: Intan RHX 3.0-3.4 (RHD and RHS) through its TCP command and data ports.
#include "plugins/common/instance.hpp"
#include "plugins/intan_rhx/output.hpp"

namespace {

using vturn::plugins::guarded;
using vturn::plugins::IntanRhxOutput;
using vturn::plugins::IntanRhxSource;

constexpr vturn_output_functions kOutput = {
    [](const vturn_host* host, const char* config, void* source, char* error, std::size_t error_size) -> void* {
      void* instance = nullptr;
      guarded(error, error_size,
              [&] { instance = new IntanRhxOutput(*host, config, static_cast<IntanRhxSource*>(source)); });
      return instance;
    },
    [](void* instance, char* error, std::size_t error_size) -> std::int32_t {
      return guarded(error, error_size, [&] { static_cast<IntanRhxOutput*>(instance)->self_test(); });
    },
    [](void* instance, const vturn_pulse* pulse) -> std::int32_t {
      return static_cast<IntanRhxOutput*>(instance)->fire(*pulse);
    },
    // The controller ends each pulse by itself, and RHX has no command that would end it sooner.
    [](void*, std::uint32_t) -> std::int32_t { return VTURN_RESULT_STOPPED; },
    [](void* instance) { delete static_cast<IntanRhxOutput*>(instance); },
};

constexpr vturn_plugin kPlugin = {VTURN_ABI_VERSION, sizeof(vturn_plugin), "intan_rhx",
                                  &vturn::plugins::kSourceFunctions<IntanRhxSource>, &kOutput};

}  // namespace

const vturn_plugin* vturn_plugin_entry(void) { return &kPlugin; }
