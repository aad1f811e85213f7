// Records a small session with the real recorder and tells on stdout what an independent reader must find in it.
#include <cstdio>
#include <string>
#include <thread>

#include "daemon/record/recorder.hpp"

using namespace vturn;

namespace {

record::RecorderOptions options(const std::string& path, bool compress) {
  record::RecorderOptions options;
  options.file = path;
  options.ring_bytes = 4U << 20;
  options.chunk_bytes = 64U << 10;  // several chunks
  auto& session = options.session;
  session.compress = compress;
  session.encoder.session_id = "independent-reader";
  session.encoder.names = {{"rem-clockwise"}, {"laser"}, {"ephys"}};
  session.about = {{"version", "test"}};
  session.attachments = {{1, 2, "config.toml", "application/toml", "[rig]\nname = \"m\"\n"},
                         {1, 2, "heading.json", "application/json", "{}"}};
  return options;
}

OutputEvent heading(int i) {
  OutputEvent event;
  event.kind = OutputKind::kHeading;
  event.session_time_ns = i * 10 * kNsPerMs;
  event.source_sample = i * 300;
  event.payload.heading = {
      static_cast<float>(i % 6), 0.25F, 0.5F, 0.75F, 0.125F, 0.125F, -1.5F, 0.5F, 64.0F, Dynamics::kRem, 0.5F, 0.1F};
  return event;
}

InputEvent spike(int i) {
  InputEvent event;
  event.kind = InputKind::kSpike;
  event.session_time_ns = i * kNsPerMs;
  event.now_mono_ns = kNsPerS + (i / 4) * 4 * kNsPerMs;  // four spikes a decision step
  event.source = 0;
  event.source_sample = i * 30;
  event.payload.spike = {static_cast<UnitId>(i % 32), 3, -80.0F};
  return event;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto recorder = record::Recorder::start(options(argv[1], std::string(argv[2]) == "zstd"));
  if (!recorder) {
    std::fprintf(stderr, "%s\n", recorder.error().c_str());
    return 1;
  }
  constexpr int kSpikes = 8000;
  constexpr int kHeadings = 800;
  for (int i = 0; i < kSpikes; ++i) {
    if (!(*recorder)->try_input(spike(i))) return 1;
    wire::Stamps stamps;
    stamps.kernel_receive_ns = stamps.decided_ns = spike(i).now_mono_ns;
    if (i % (kSpikes / kHeadings) == 0 && !(*recorder)->try_output(heading(i / (kSpikes / kHeadings)), stamps))
      return 1;
  }
  if (!(*recorder)->try_digest(kSpikes, kHeadings, 0x0123456789ABCDEFULL, true)) return 1;
  if (!(*recorder)->stop().whole) return 1;
  std::printf("{\"inputs\": %d, \"batches\": %d, \"headings\": %d, \"compression\": \"%s\", \"digest\": \"%s\"}\n",
              kSpikes, kSpikes / 4, kHeadings, std::string(argv[2]) == "zstd" ? "zstd" : "", "81985529216486895");
  return 0;
}
