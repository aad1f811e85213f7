// Source: the Open Ephys GUI through its ZMQ Interface (0.3.x-1.0), Event Broadcaster (0.2-0.3) or Falcon Output.
#include "plugins/common/instance.hpp"
#include "plugins/open_ephys/reader_thread.hpp"

namespace {

constexpr vturn_plugin kPlugin = {VTURN_ABI_VERSION, sizeof(vturn_plugin), "open_ephys",
                                  &vturn::plugins::kSourceFunctions<vturn::plugins::OpenEphysSource>, nullptr};

}  // namespace

const vturn_plugin* vturn_plugin_entry(void) { return &kPlugin; }
