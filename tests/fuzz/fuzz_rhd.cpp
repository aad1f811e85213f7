#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tools/recordings/intan_recording.hpp"

/// Any bytes are either one RecordingError or a recording no larger than they are, of which every channel can be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vturn::recordings;
  static std::vector<std::int32_t> values(64);
  try {
    std::vector<std::unique_ptr<ByteSource>> files;
    files.push_back(std::make_unique<MemorySource>(std::span(data, size), "fuzz.rhd"));
    const auto recording = open_intan_files(std::move(files), {size % 2 == 0});
    const RecordingInfo& info = recording->info();
    if (info.timelines[0].frames() * 4 > static_cast<std::int64_t>(size)) __builtin_trap();
    for (std::size_t stream = 0; stream < info.streams.size(); ++stream) {
      const std::int64_t frames = info.streams[stream].frames;
      const auto part = static_cast<std::size_t>(std::min<std::int64_t>(frames, 64));
      for (std::size_t channel = 0; channel < std::min<std::size_t>(info.streams[stream].channels.size(), 64);
           ++channel) {
        recording->read_stored(stream, channel, 0, std::span(values).first(part));
        recording->read_stored(stream, channel, frames - static_cast<std::int64_t>(part),
                               std::span(values).first(part));
      }
    }
    for (std::size_t source = 0; source < info.ttl.size(); ++source) (void)recording->ttl_edges(source);
  } catch (const RecordingError&) {
  }
  return 0;
}
