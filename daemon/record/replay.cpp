#include "daemon/record/replay.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "daemon/core/digest.hpp"

namespace vturn::record {

namespace {

constexpr std::uint64_t kProgressInputs = 4096;

class Replay {
 public:
  Replay(const EngineStep& step, const ReplayHooks& hooks) : step_(step), hooks_(hooks) {}

  void input(const InputEvent& event) {
    buffer_->clear();
    step_(event, *buffer_);
    ++report_.inputs;
    for (const OutputEvent& output : buffer_->events()) {
      digest_.add(output);
      if (output.kind == OutputKind::kTrigger) ++report_.triggers;
      if (output.kind == OutputKind::kVeto) ++report_.vetoes;
      hooks_.output(output);
    }
    follow_time(event.session_time_ns);
  }

  void compare(const DigestRecord& recorded) {
    ++report_.digests_compared;
    report_.recorded_digest = recorded.hash;
    report_.digest = digest_.value();
    const bool same =
        recorded.hash == digest_.value() && recorded.inputs == report_.inputs && recorded.outputs == digest_.outputs();
    if (!same && !report_.first_difference_at_input) report_.first_difference_at_input = recorded.inputs;
  }

  ReplayReport finish(const SessionReader& session) {
    if (!report_.recorded_digest) report_.digest = digest_.value();
    report_.matches = report_.digests_compared > 0 && !report_.first_difference_at_input;
    report_.outputs = digest_.outputs();
    report_.session_s = seconds(last_ns_ - first_ns_);
    report_.complete = session.complete();
    report_.stopped_by = session.stopped_by();
    return report_;
  }

  [[nodiscard]] std::uint64_t inputs() const noexcept { return report_.inputs; }

 private:
  void follow_time(SessionNs now_ns) {
    if (report_.inputs == 1) first_ns_ = last_ns_ = now_ns;
    last_ns_ = std::max(last_ns_, now_ns);
  }

  const EngineStep& step_;
  const ReplayHooks& hooks_;
  std::unique_ptr<OutputBuffer> buffer_ = std::make_unique<OutputBuffer>();
  Digest digest_;
  ReplayReport report_;
  SessionNs first_ns_ = 0, last_ns_ = 0;
};

}  // namespace

ReplayReport replay(SessionReader& session, const EngineStep& step, const ReplayHooks& hooks) {
  Replay replay(step, hooks);
  for (auto item = session.next(); item != SessionReader::Item::kEnd; item = session.next()) {
    if (item == SessionReader::Item::kDigest) {
      replay.compare(session.digest());
      continue;
    }
    replay.input(session.input());
    if (replay.inputs() % kProgressInputs == 0) hooks.progress(session.offset());
  }
  return replay.finish(session);
}

std::string digest_text(std::uint64_t digest) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(digest));
  return text;
}

}  // namespace vturn::record
