#pragma once

#include <vturn/v1/events.pb.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "daemon/core/output_event.hpp"
#include "daemon/wire/calibration_snapshot.hpp"
#include "daemon/wire/health_snapshot.hpp"
#include "daemon/wire/names.hpp"
#include "daemon/wire/topics.hpp"

namespace vturn::wire {

/// When one step's input passed each hop, monotonic nanoseconds (0 = not passed), and the wall clock at publication.
struct Stamps {
  MonoNs kernel_receive_ns = 0;
  MonoNs parsed_ns = 0;
  MonoNs dequeued_ns = 0;
  MonoNs decided_ns = 0;
  MonoNs output_ns = 0;
  MonoNs published_ns = 0;
  std::int64_t wall_time_unix_ns = 0;
};

struct EncoderSettings {
  std::string session_id;
  std::string config_hash;
  std::string model_hash;
  bool blinded = false;  ///< triggers carry no arm
  Names names;
};

/// Turns outputs into the public messages (triggers carry the hash of the models that kModelLoaded last named): one
/// reused message a kind, headers with a sequence number per topic. After prepare() nothing allocates as long as note
/// texts stay within kMaxNoteBytes. Not thread-safe; the publisher and the recorder each have one, fed with the same
/// events, so their sequence numbers agree.
class Encoder {
 public:
  static constexpr std::size_t kMaxNoteBytes = 1024;
  /// What any encoded message fits into: 16 sources, all latencies, names as prepare() accepts them.
  static constexpr std::size_t kMaxMessageBytes = 8000;

  /// Throws std::invalid_argument when names are so long that a message may not fit kMaxMessageBytes.
  void prepare(const EncoderSettings& settings);

  struct Encoded {
    Topic topic = Topic::kNone;
    const google::protobuf::MessageLite* message = nullptr;  ///< valid until the next message of its topic
  };
  /// Topic kNone for an event that is not published (kPulseStop). `text`: the note of a kNote, else empty.
  Encoded encode(const OutputEvent& event, const Stamps& stamps, std::string_view text = {});
  Encoded encode(const HealthSnapshot& health, std::int64_t wall_time_unix_ns);
  Encoded encode(const CalibrationSnapshot& calibration, SessionNs session_time_ns, std::int64_t wall_time_unix_ns);

  /// What a late joiner of this topic needs, marked as retained, with the sequence numbers it went out with: the last
  /// message; of `session` the last start or stop and the last armed, disarmed or refused. Empty when there is none.
  struct Retained {
    std::array<const google::protobuf::MessageLite*, 2> messages{};
    std::size_t count = 0;
  };
  Retained retained(Topic topic);

  [[nodiscard]] std::uint64_t sequence(Topic topic) const noexcept { return sequences_[index(topic)]; }

  /// Bytes written, 0 when `buffer` is too small.
  static std::size_t serialize(const google::protobuf::MessageLite& message, std::span<std::uint8_t> buffer);

 private:
  struct SessionMessages {
    v1::Session run;  ///< start, stop
    v1::Session arming;
    v1::Session other;
  };

  void header(Topic topic, SessionNs session_time_ns, SampleIndex source_sample, std::int64_t wall_time_unix_ns,
              v1::Header& target);
  v1::Trigger& trigger_of(CauseKind kind) noexcept;
  v1::Veto& veto_of(CauseKind kind) noexcept;
  v1::Session& session_of(SessionChange change) noexcept;
  void warm_up();
  void follow_models(const SessionOutput& session);

  EncoderSettings settings_;
  std::array<std::uint64_t, kTopicCount> sequences_{};
  v1::Heading heading_;
  v1::Sleep sleep_;
  v1::Turn turn_;
  v1::Population population_;
  std::array<v1::Trigger, 3> triggers_;  ///< by cause: changing a oneof's case would allocate
  std::array<v1::Veto, 3> vetoes_;
  SessionMessages session_;
  v1::Health health_;
  v1::Calibration calibration_;
};

}  // namespace vturn::wire
