#include "tools/commands/wire_client.hpp"

#include <google/protobuf/util/json_util.h>
#include <zmq.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "daemon/publish/curve.hpp"
#include "tools/commands/registry.hpp"

namespace vturn::tools {
namespace {

std::unique_ptr<google::protobuf::Message> new_message(wire::Topic topic) {
  switch (topic) {
    case wire::Topic::kHeading:
      return std::make_unique<v1::Heading>();
    case wire::Topic::kSleep:
      return std::make_unique<v1::Sleep>();
    case wire::Topic::kTurn:
      return std::make_unique<v1::Turn>();
    case wire::Topic::kPopulation:
      return std::make_unique<v1::Population>();
    case wire::Topic::kTrigger:
      return std::make_unique<v1::Trigger>();
    case wire::Topic::kVeto:
      return std::make_unique<v1::Veto>();
    case wire::Topic::kSession:
      return std::make_unique<v1::Session>();
    case wire::Topic::kHealth:
      return std::make_unique<v1::Health>();
    case wire::Topic::kCalibration:
      return std::make_unique<v1::Calibration>();
    case wire::Topic::kNone:
      break;
  }
  return nullptr;
}

void set_keys(zmq::socket_t& socket, const ClientOptions& options) {
  if (options.server_key.empty() && options.key_file.empty()) return;
  if (options.server_key.empty() || options.key_file.empty()) {
    throw UsageError("--server-key and --key-file go together");
  }
  const auto keys = load_curve_keys(options.key_file);
  if (!keys) throw UsageError(keys.error());
  std::array<char, 41> own_public_key{};
  if (zmq_curve_public(own_public_key.data(), keys->secret.c_str()) != 0) {
    throw UsageError(options.key_file + ": not a usable secret key");
  }
  socket.set(zmq::sockopt::curve_serverkey, options.server_key);
  socket.set(zmq::sockopt::curve_publickey, std::string(own_public_key.data()));
  socket.set(zmq::sockopt::curve_secretkey, keys->secret);
}

std::string lower_words(const std::string& name, std::string_view prefix) {
  std::string text = name.substr(std::min(prefix.size(), name.size()));
  for (char& c : text) c = c == '_' ? '-' : (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  return text.empty() ? "unknown" : text;
}

}  // namespace

void add_key_options(CLI::App& app, ClientOptions& options) {
  app.add_option("--server-key", options.server_key, "vturnd's CURVE public key (40 characters)");
  app.add_option("--key-file", options.key_file, "this client's key file, a line 'secret KEY'");
}

zmq::socket_t connect(zmq::context_t& context, zmq::socket_type type, const std::string& address,
                      const ClientOptions& options, const std::vector<std::string>& topics) {
  zmq::socket_t socket(context, type);
  try {
    socket.set(zmq::sockopt::linger, 0);
    set_keys(socket, options);
    for (const auto& topic : topics) socket.set(zmq::sockopt::subscribe, topic);
    socket.connect(address);
  } catch (const zmq::error_t& error) {
    throw UsageError("address '" + address + "': " + error.what() + "; write tcp://HOST:PORT, keys of 40 characters");
  }
  return socket;
}

const v1::Header& Published::header() const {
  const auto* field = message->GetDescriptor()->FindFieldByName("header");
  return static_cast<const v1::Header&>(message->GetReflection()->GetMessage(*message, field));
}

Published parse_published(std::string_view topic, std::string_view payload) {
  const wire::Topic known = wire::topic_of(topic);
  auto message = new_message(known);
  if (!message || !message->ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return {};
  return {known, std::move(message)};
}

Published receive_published(zmq::socket_t& socket, int wait_ms) {
  zmq::pollitem_t item{socket.handle(), 0, ZMQ_POLLIN, 0};
  try {
    if (zmq::poll(&item, 1, std::chrono::milliseconds(wait_ms)) == 0) return {};
    zmq::message_t topic, payload;
    if (!socket.recv(topic, zmq::recv_flags::dontwait) || !topic.more()) return {};
    if (!socket.recv(payload, zmq::recv_flags::dontwait)) return {};
    return parse_published(topic.to_string_view(), payload.to_string_view());
  } catch (const zmq::error_t& error) {
    if (error.num() == EINTR) return {};
    throw;
  }
}

std::uint64_t SequenceCheck::missed_before(wire::Topic topic, const v1::Header& header) {
  if (header.retained()) return 0;
  Seen& seen = topics_[wire::index(topic)];
  if (seen.last == 0 || seen.session_id != header.session_id()) {
    seen.session_id = header.session_id();
    seen.last = header.sequence();
    return 0;
  }
  if (header.sequence() <= seen.last) return 0;
  const std::uint64_t gap = header.sequence() - seen.last - 1;
  seen.last = header.sequence();
  seen.missed += gap;
  return gap;
}

std::uint64_t SequenceCheck::missed() const {
  std::uint64_t sum = 0;
  for (const Seen& seen : topics_) sum += seen.missed;
  return sum;
}

std::string to_json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  return status.ok() ? json : std::string("{}");
}

std::string words(v1::VetoReason reason) { return lower_words(v1::VetoReason_Name(reason), "VETO_REASON_"); }
std::string words(v1::SessionChange change) { return lower_words(v1::SessionChange_Name(change), "SESSION_CHANGE_"); }
std::string words(v1::SleepState state) {
  const std::string& name = v1::SleepState_Name(state);
  return name.empty() ? "UNKNOWN" : name.substr(sizeof "SLEEP_STATE_" - 1);
}
std::string words(v1::CalibrationState state) {
  return lower_words(v1::CalibrationState_Name(state), "CALIBRATION_STATE_");
}
std::string words(v1::SignalProblem problem) { return lower_words(v1::SignalProblem_Name(problem), "SIGNAL_PROBLEM_"); }
std::string words(v1::TuningState state) { return lower_words(v1::TuningState_Name(state), "TUNING_STATE_"); }
std::string words(v1::Direction direction) { return lower_words(v1::Direction_Name(direction), "DIRECTION_"); }

std::string session_clock(std::int64_t session_time_ns) {
  const std::int64_t ms = session_time_ns / kNsPerMs;
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%lld:%02d:%02d.%03d", static_cast<long long>(ms / 3'600'000),
                static_cast<int>(ms / 60'000 % 60), static_cast<int>(ms / 1'000 % 60), static_cast<int>(ms % 1'000));
  return text.data();
}

}  // namespace vturn::tools
