#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "daemon/trigger/settings.hpp"

namespace vturn::trigger {

inline constexpr std::uint16_t kNoRule = 0xFFFFU;

/// One thing that can inhibit stimulation: on from the moment its cause is there until the cause has been gone for
/// hold_ns.
struct Inhibit {
  VetoReason reason = VetoReason::kNone;
  SourceIndex source = kNoSource;  ///< kNoSource: not about one source
  std::uint16_t rule = kNoRule;    ///< kNoRule: not about one rule
  std::int64_t hold_ns = 0;
  bool present = false;
  bool on = false;
  SessionNs since_ns = 0;
  SessionNs gone_ns = 0;  ///< since when the cause is gone
};

/// All inhibits of a rig, in the order in which they give the reason of a veto. Keeps state only: what follows from a
/// change (publishing, stopping pulses, counting) is the trigger's.
class Inhibits {
 public:
  void prepare(const TriggerSettings& settings);

  /// nullptr when no rule can be inhibited by it (e.g. a source that none rests on).
  [[nodiscard]] Inhibit* find(VetoReason reason, SourceIndex source = kNoSource, std::uint16_t rule = kNoRule) noexcept;

  /// The cause is there (true) or gone (false). True when the inhibit came on by this.
  bool set(Inhibit& inhibit, bool present, SessionNs now_ns) noexcept;
  /// The cause was there for this moment only. True when the inhibit came on by this.
  bool touch(Inhibit& inhibit, SessionNs now_ns) noexcept;
  /// An inhibit whose hold time is over by now, switched off; nullptr when there is none (left).
  Inhibit* clear_next(SessionNs now_ns) noexcept;

  [[nodiscard]] bool affects(const Inhibit& inhibit, std::uint16_t rule) const noexcept;
  /// The first inhibit that is on for this rule, or nullptr.
  [[nodiscard]] const Inhibit* first_of(std::uint16_t rule) const noexcept;
  /// Bit i: an inhibit of VetoReason i is on.
  [[nodiscard]] std::uint32_t mask() const noexcept;

 private:
  static constexpr SessionNs kNever = std::numeric_limits<SessionNs>::max();
  void add(VetoReason reason, std::int64_t hold_ns, bool present, SourceIndex source, std::uint16_t rule);
  void add_of_sources(VetoReason reason, std::int64_t hold_ns, const TriggerSettings& settings);

  std::vector<Inhibit> inhibits_;
  std::vector<RuleSettings> rules_;
  SessionNs next_clear_ns_ = kNever;
};

}  // namespace vturn::trigger
