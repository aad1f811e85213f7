#include "daemon/settings/references.hpp"

#include <algorithm>

namespace vturn::settings {
namespace {

void check_signal(const Section& root, const Rig& rig, const std::string& signal) {
  if (signal.empty()) return;
  const std::size_t slash = signal.find('/');
  const bool known = slash != std::string::npos && slash + 1 < signal.size() &&
                     std::any_of(rig.sources.begin(), rig.sources.end(),
                                 [&](const Source& source) { return source.name == signal.substr(0, slash); });
  if (!known) {
    root.fail("sleep", "channel \"" + signal + "\" must be \"SOURCE/CHANNEL\" with the name of a [[source]]");
  }
}

void check_outputs(const Section& root, const Rig& rig) {
  for (const Output& output : rig.outputs) {
    if (output.source.empty()) continue;
    const bool shared = std::any_of(rig.sources.begin(), rig.sources.end(), [&](const Source& source) {
      return source.name == output.source && source.type == output.type;
    });
    if (!shared) {
      root.fail("output", "source \"" + output.source + "\" of output \"" + output.name +
                              "\" is not a [[source]] with type = \"" + output.type + "\"");
    }
  }
}

/// Held events are decided on hold_ms after their arrival at the earliest.
const Source* held_too_long(const Rig& rig, const Rule& rule) {
  constexpr double kBlockMs = 10.0;
  if (rule.when == "sleep") return nullptr;
  for (const Source& source : rig.sources) {
    const bool held = source.order == "hold" && source.carries_spikes();
    if (held && rule.max_decision_age_ms < source.hold_ms + kBlockMs) return &source;
  }
  return nullptr;
}

void check_rule(const Section& root, const Rig& rig, const Rule& rule) {
  const bool known =
      std::any_of(rig.outputs.begin(), rig.outputs.end(), [&](const Output& o) { return o.name == rule.output; });
  if (!known) root.fail("rule", "output \"" + rule.output + "\" of rule \"" + rule.name + "\" is not a [[output]]");
  if (rule.when == "turn" && rig.heading.model.empty() && !rig.tracks_heading()) {
    root.fail("rule", "\"" + rule.name +
                          "\" waits for turns, so [heading] needs a model (or a source that tracks heading, to "
                          "calibrate one live)");
  }
  if (rule.when == "turn" && rule.state != "REM" && rig.turns.detector == "cusum") {
    root.fail("rule", "\"" + rule.name + "\" waits for turns in " + rule.state +
                          ", but [turns] detector = \"cusum\" finds those of REM only; use \"log_odds\"");
  }
  if (const Source* held = held_too_long(rig, rule)) {
    root.fail("rule", "\"" + rule.name + "\" can never fire: source \"" + held->name +
                          "\" holds events back for hold_ms, and decisions older than max_decision_age_ms are refused; "
                          "raise max_decision_age_ms above hold_ms by 10 or more");
  }
  if (rig.sleep.model.empty()) {
    root.fail("rule", "\"" + rule.name + "\" asks for " + rule.state + ", so [sleep] needs a model");
  }
}

}  // namespace

void check_references(const Section& root, const Rig& rig) {
  const auto masters =
      std::count_if(rig.sources.begin(), rig.sources.end(), [](const Source& s) { return s.is_master(); });
  if (masters != 1) {
    root.fail("source", "needs exactly one source with clock = \"master\"; found " + std::to_string(masters));
  }
  for (const Rule& rule : rig.rules) check_rule(root, rig, rule);
  check_outputs(root, rig);
  for (const std::string& signal : rig.signals()) check_signal(root, rig, signal);
}

}  // namespace vturn::settings
