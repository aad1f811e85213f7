// Source: the ZMQ Interface plugin (0.3.x-1.0) of the Open Ephys GUI.
#include "plugins/common/instance.hpp"
#include "plugins/open_ephys/reader_thread.hpp"

namespace {

constexpr vturn_plugin kPlugin = {VTURN_ABI_VERSION, sizeof(vturn_plugin), "open_ephys",
                                  &vturn::plugins::kSourceFunctions<vturn::plugins::OpenEphysSource>, nullptr};

}  // namespace

const vturn_plugin* vturn_plugin_entry(void) { return &kPlugin; }
