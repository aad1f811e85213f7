// The files of recordings that are small: .npy, RHX's spike files, structure.oebin with sync_messages.txt, scorings in
// MAT files. Any bytes are either one error or what lies within them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "plugins/open_ephys/gui_streams.hpp"
#include "tools/matlab/mat_file.hpp"
#include "tools/recordings/npy.hpp"
#include "tools/recordings/oebin.hpp"
#include "tools/recordings/spike_file.hpp"
#include "tools/recordings/sync_messages.hpp"

using namespace vturn::recordings;

namespace {

using Bytes = std::span<const std::uint8_t>;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Rows lie within the file.
void read_npy(Bytes bytes) {
  const NpyFile file(std::make_unique<MemorySource>(bytes, "fuzz.npy"), bytes.size() % 2 == 0);
  require(file.rows() >= 0 && file.offset_of(file.rows()) <= bytes.size());
  require(file.rows() == 0 || file.row(file.rows() - 1).size() == file.row_numbers());
  require(file.integers().size() == static_cast<std::size_t>(file.rows()));
}

/// Spikes in order, of channels that the header names, no more than fit in.
void read_spikes(Bytes bytes) {
  static std::vector<RecordedSpike> spikes;
  spikes.clear();
  const SpikeFile file(std::make_unique<MemorySource>(bytes, "fuzz.dat"), bytes.size() % 2 == 0);
  require(file.records() == 0 || file.snapshot(file.records() - 1).size() == file.snapshot_samples());
  file.read(3, spikes);
  require(spikes.size() * 5 <= bytes.size());
  for (const RecordedSpike& spike : spikes)
    require(spike.electrode >= 3 && spike.electrode - 3 < file.channels().size());
}

/// Streams have rates and folders of their own.
void read_structure(Bytes bytes) {
  static const std::string name = "fuzz.oebin";
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  (void)parse_sync_messages(text);
  const Oebin oebin = parse_oebin(text, name);
  for (const auto& stream : oebin.continuous)
    require(stream.rate_hz > 0.0 && !stream.folder.empty() && stream.folder.front() != '/');
  for (const auto& spikes : oebin.spikes) require(!spikes.electrodes.empty());
}

/// Streams have rates, each is found by its name.
void read_processors(Bytes bytes) {
  const auto streams = vturn::plugins::parse_processors({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!streams) return;
  for (const auto& stream : *streams) require(stream.sample_rate_hz > 0);
  if (streams->size() == 1) require(vturn::plugins::rate_of(*streams, streams->front().name) > 0);
}

/// Matrices are whole.
void read_scoring(Bytes bytes) {
  const vturn::tools::MatFile file({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "fuzz.mat");
  for (const char* path : {"SleepState.ints.WAKEstate", "StateIntervals.REMstate", "labels"}) {
    const auto matrix = file.matrix(path);
    if (matrix) require(matrix->values.size() == matrix->rows * matrix->columns);
  }
}

}  // namespace

/// Input: one letter for the format, then its bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const Bytes bytes(data + 1, size - 1);
  try {
    if (data[0] == 'n') read_npy(bytes);
    if (data[0] == 's') read_spikes(bytes);
    if (data[0] == 'o') read_structure(bytes);
    if (data[0] == 'h') read_processors(bytes);
    if (data[0] == 'm') read_scoring(bytes);
  } catch (const RecordingError&) {
  } catch (const vturn::tools::MatError&) {
  }
  return 0;
}
