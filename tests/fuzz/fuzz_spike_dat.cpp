#include <cstddef>
#include <cstdint>
#include <vector>

#include "tools/recordings/spike_file.hpp"

/// Any bytes are either one RecordingError or spikes, in order, no more than fit into them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vturn::recordings;
  static std::vector<RecordedSpike> spikes;
  spikes.clear();
  try {
    const SpikeFile file(std::make_unique<MemorySource>(std::span(data, size), "fuzz.dat"), size % 2 == 0);
    if (file.records() > 0 && file.snapshot(file.records() - 1).size() != file.snapshot_samples()) __builtin_trap();
    file.read(3, spikes);
    if (spikes.size() * 5 > size) __builtin_trap();
    for (const RecordedSpike& spike : spikes) {
      if (spike.electrode < 3 || spike.electrode - 3 >= file.channels().size()) __builtin_trap();
    }
  } catch (const RecordingError&) {
  }
  return 0;
}
