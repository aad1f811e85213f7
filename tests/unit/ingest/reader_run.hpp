#pragma once

#include <cmath>
#include <vector>

#include "daemon/ingest/open_ephys_reader.hpp"
#include "tests/unit/ingest/capture_files.hpp"
#include "tests/unit/ingest/zmq_messages.hpp"

namespace vturn::test {

struct CollectingSink final : ingest::EventSink {
  std::vector<InputEvent> events;
  std::vector<std::int64_t> own_ns;

  void event(const InputEvent& event, std::int64_t own) noexcept override {
    events.push_back(event);
    own_ns.push_back(own);
  }
  [[nodiscard]] std::vector<InputEvent> of(InputKind kind) const {
    std::vector<InputEvent> found;
    for (const InputEvent& event : events) {
      if (event.kind == kind) found.push_back(event);
    }
    return found;
  }
  [[nodiscard]] std::vector<SourceInput> changes() const {
    std::vector<SourceInput> found;
    for (const InputEvent& event : of(InputKind::kSource)) found.push_back(event.payload.source);
    return found;
  }
};

/// A reader and all that it has given.
struct ReaderRun {
  explicit ReaderRun(ingest::OpenEphysReaderSettings settings) : reader(std::move(settings)) {}

  void message(const Message& message, MonoNs arrival_ns = kNsPerS) {
    const auto frames = message.frames();
    reader.message(frames, arrival_ns, sink);
  }
  /// Arrival = the captured receive time, from the first message on.
  void capture(const CaptureBytes& bytes) {
    double first_s = NAN;
    for_each_message(bytes, [&](const ingest::CapturedMessage& captured) {
      if (std::isnan(first_s)) first_s = captured.received_s;
      reader.message(captured.frames(), static_cast<MonoNs>((captured.received_s - first_s) * 1e9), sink);
    });
  }

  ingest::OpenEphysReader reader;
  CollectingSink sink;
};

inline ingest::OpenEphysReaderSettings spikes_at_30_khz() {
  ingest::OpenEphysReaderSettings settings;
  settings.sample_rate_hz = 30000;
  return settings;
}

}  // namespace vturn::test
