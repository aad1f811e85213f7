#pragma once

#include <vturn/v1/events.pb.h>
#include <vturn/v1/session_log.pb.h>

#include <array>
#include <string>
#include <string_view>

#include "daemon/core/input_event.hpp"
#include "daemon/core/output_event.hpp"
#include "daemon/wire/calibration_snapshot.hpp"
#include "daemon/wire/health_snapshot.hpp"
#include "daemon/wire/names.hpp"

namespace vturn::wire {

// to_proto sets every field of a message that may hold older values, so that messages are reused: once their strings
// have grown, writing into them allocates nothing (the `oneof` of Input excepted: see InputEncoder).
// from_proto gives false, and an unspecified event, for a message that no event of this version could have given.

/// Exact: from_proto gives back every field that the event's kind uses; unused payload bytes come back as zero.
void to_proto(const InputEvent& event, v1::Input& message);
bool from_proto(const v1::Input& message, InputEvent& event) noexcept;

/// Writes inputs as the bytes of an InputBatch, one after the other, reusing one message per kind.
class InputEncoder {
 public:
  /// Appends one element of InputBatch.inputs to `batch`.
  void append(const InputEvent& event, std::string& batch);

 private:
  static constexpr std::size_t kKinds = 10;
  std::array<v1::Input, kKinds> messages_{};
};

// Bodies of the public messages; `header` is left alone.
void to_proto(const HeadingOutput& heading, v1::Heading& message);
void to_proto(const SleepOutput& sleep, v1::Sleep& message);
void to_proto(const TurnOutput& turn, v1::Turn& message);
void to_proto(const PopulationOutput& population, v1::Population& message);
/// `blinded` leaves the arm out. Hashes and hops are the Encoder's.
void to_proto(const TriggerOutput& trigger, const Names& names, bool blinded, v1::Trigger& message);
void to_proto(const VetoOutput& veto, const Names& names, v1::Veto& message);
/// `text` is the note's, of the command that gave this output.
void to_proto(const SessionOutput& session, const Names& names, std::string_view text, v1::Session& message);
void to_proto(const HealthSnapshot& health, const Names& names, v1::Health& message);
void to_proto(const CalibrationSnapshot& calibration, v1::Calibration& message);

bool from_proto(const v1::Heading& message, OutputEvent& event) noexcept;
bool from_proto(const v1::Sleep& message, OutputEvent& event) noexcept;
bool from_proto(const v1::Turn& message, OutputEvent& event) noexcept;
bool from_proto(const v1::Population& message, OutputEvent& event) noexcept;
/// False for a blinded trigger: its arm is unknown.
bool from_proto(const v1::Trigger& message, const Names& names, OutputEvent& event) noexcept;
/// `detail` and `required` are text on the wire and come back as 0.
bool from_proto(const v1::Veto& message, const Names& names, OutputEvent& event) noexcept;
bool from_proto(const v1::Session& message, const Names& names, OutputEvent& event) noexcept;

}  // namespace vturn::wire
