#include "tools/commands/session_features.hpp"

#include <cstdio>

#include "tools/commands/registry.hpp"
#include "tools/commands/replayed_engine.hpp"
#include "tools/lib/interrupt.hpp"

namespace vturn::tools {

std::vector<LabelledEpoch> read_session_features(const std::string& file, const std::function<void(double)>& progress) {
  auto session = record::SessionReader::open(file);
  if (!session) throw UsageError(session.error());
  ReplayedEngine engine(*session, file, {.config = {}, .sleep_features = true});
  std::vector<LabelledEpoch> epochs;
  OutputBuffer out;
  SessionNs taken_ns = 0;
  std::uint64_t inputs = 0;
  for (auto item = session->next(); item != record::SessionReader::Item::kEnd; item = session->next()) {
    if (item != record::SessionReader::Item::kInput) continue;
    out.clear();
    engine.step(session->input(), out);
    if (++inputs % 4096 == 0) {
      throw_if_interrupted();
      progress(static_cast<double>(session->offset()) / static_cast<double>(session->size()));
    }
    const FeatureFrame& frame = engine.engine().sleep_frame();
    const bool whole_second = frame.time_ns % kNsPerS == 0 && frame.time_ns > taken_ns;
    if (!whole_second || frame.valid == 0) continue;
    taken_ns = frame.time_ns;
    epochs.push_back({seconds(frame.time_ns - kNsPerS), frame, SleepState::kUnknown});
  }
  if (!session->complete()) {
    std::fprintf(stderr, "warning: %s: %s; read up to there\n", file.c_str(),
                 session->stopped_by().empty() ? "the log has no end" : session->stopped_by().c_str());
  }
  if (epochs.empty()) throw UsageError(file + ": no signal of [sleep] channels was recorded in this session");
  return epochs;
}

}  // namespace vturn::tools
