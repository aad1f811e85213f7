#pragma once

#include <vector>

#include "daemon/ingest/electrode_table.hpp"
#include "daemon/ingest/signal_set.hpp"
#include "daemon/ingest/source_clock.hpp"
#include "plugins/common/config.hpp"

namespace vturn::plugins {

// The parts of a [[source]] that every source with spikes or signals reads alike. They throw as Config does.

/// index, master, motion_signals. Leaves the mapping to Burst::adopt.
ingest::ReaderOrigin origin_of(const Config& config);
/// units: from, pattern, first, map.
ingest::UnitMapSettings units_of(const Config& config);
/// signals. A channel is a name, or "#N" for the N-th of the stream (0-based) where the source sends no names.
std::vector<ingest::SignalSettings> signals_of(const Config& config);
/// clock, of a source that is not the master.
ingest::SourceClockSettings clock_of(const Config& config, double speed);

}  // namespace vturn::plugins
