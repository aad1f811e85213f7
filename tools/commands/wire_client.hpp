#pragma once

#include <google/protobuf/message.h>
#include <vturn/v1/events.pb.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <zmq.hpp>

#include "daemon/wire/topics.hpp"

namespace vturn::tools {

/// How a client finds vturnd, and its CURVE keys when vturnd has some.
struct ClientOptions {
  std::string server_key;  ///< vturnd's public key, Z85
  std::string key_file;    ///< the client's own: a line `secret KEY`
};

void add_key_options(CLI::App& app, ClientOptions& options);

/// Connected. Throws UsageError when the keys or the address cannot be used.
zmq::socket_t connect(zmq::context_t& context, zmq::socket_type type, const std::string& address,
                      const ClientOptions& options, const std::vector<std::string>& topics = {});

/// One message off the PUB socket.
struct Published {
  wire::Topic topic = wire::Topic::kNone;
  std::unique_ptr<google::protobuf::Message> message;
  [[nodiscard]] const v1::Header& header() const;
};

/// The message of two frames; topic kNone when it is none that this version knows.
Published parse_published(std::string_view topic, std::string_view payload);

/// Waits at most `wait_ms`; topic kNone when nothing (or nothing known) came.
Published receive_published(zmq::socket_t& socket, int wait_ms);

/// Finds what a subscriber lost, by the sequence numbers of each topic.
class SequenceCheck {
 public:
  /// Messages missed just before this one. Retained ones say nothing about it: what went out between them and the
  /// newcomer's first new message was never meant for it. A new session counts anew.
  std::uint64_t missed_before(wire::Topic topic, const v1::Header& header);
  [[nodiscard]] std::uint64_t missed(wire::Topic topic) const { return topics_[wire::index(topic)].missed; }
  [[nodiscard]] std::uint64_t missed() const;

 private:
  struct Seen {
    std::string session_id;
    std::uint64_t last = 0;
    std::uint64_t missed = 0;
  };
  std::array<Seen, wire::kTopicCount> topics_;
};

/// Proto field names; 64-bit integers are strings, as protobuf's JSON has them.
std::string to_json(const google::protobuf::Message& message);

/// "wrong-state" for VETO_REASON_WRONG_STATE, and so for every enumerator of the contract.
std::string words(v1::VetoReason reason);
std::string words(v1::SessionChange change);
std::string words(v1::SleepState state);
std::string words(v1::CalibrationState state);
std::string words(v1::TuningState state);
std::string words(v1::SignalProblem problem);
std::string words(v1::Direction direction);

/// hours:minutes:seconds.milliseconds of session time.
std::string session_clock(std::int64_t session_time_ns);

}  // namespace vturn::tools
