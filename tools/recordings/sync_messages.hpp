#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/types.hpp"

namespace vturn::recordings {

/// First sample number of a stream, as Open Ephys writes it into sync_messages.txt.
struct StreamStart {
  std::string processor_id;
  std::string stream;  ///< empty before GUI 0.6
  SampleIndex sample = 0;
};

/// Lines that say nothing of a stream are skipped.
std::vector<StreamStart> parse_sync_messages(std::string_view text);

}  // namespace vturn::recordings
