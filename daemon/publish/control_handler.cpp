#include "daemon/publish/control_handler.hpp"

#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <vector>

#include "daemon/core/text_hash.hpp"
#include "daemon/wire/codec.hpp"

namespace vturn {
namespace {

void refuse(v1::Reply& reply, std::string why) {
  reply.set_ok(false);
  reply.set_error(std::move(why));
}

InputEvent command_event(CommandKind kind, std::uint32_t request) {
  InputEvent event;
  event.kind = InputKind::kCommand;
  event.payload.command.command = kind;
  event.payload.command.request = request;
  return event;
}

// Most bytes of `text` that one part takes without cutting a UTF-8 character in two.
std::size_t part_bytes(std::string_view text) noexcept {
  if (text.size() <= kMaxCommandText) return text.size();
  std::size_t end = kMaxCommandText;
  while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return end;
}

std::vector<InputEvent> note_parts(std::string_view text, std::uint32_t request) {
  std::vector<InputEvent> parts;
  do {
    const std::size_t bytes = part_bytes(text);
    InputEvent event = command_event(CommandKind::kNote, request);
    auto& command = event.payload.command;
    command.part = static_cast<std::uint8_t>(parts.size());
    command.length = static_cast<std::uint8_t>(bytes);
    std::copy_n(text.begin(), bytes, command.text.begin());
    text.remove_prefix(bytes);
    command.more = text.empty() ? 0 : 1;
    parts.push_back(event);
  } while (!text.empty());
  return parts;
}

bool is_control_character(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t'; }

}  // namespace

ControlHandler::ControlHandler(ControlTarget& target, ControlIdentity identity)
    : target_(target), identity_(std::move(identity)) {}

std::string ControlHandler::handle(std::string_view request, double wall_time_unix_s) noexcept {
  try {
    const google::protobuf::LogSilencer quiet;  // or any client could fill our log with its malformed text
    v1::Reply reply;
    reply.set_session_id(identity_.session_id);
    reply.set_version(identity_.version);
    v1::Request parsed;
    if (request.size() > kMaxRequestBytes) {
      refuse(reply, "request of " + std::to_string(request.size()) + " bytes: at most 65536 are taken");
    } else if (!parsed.ParseFromArray(request.data(), static_cast<int>(request.size()))) {
      refuse(reply, "not a vturn.v1.Request: malformed protobuf, or text that is not UTF-8");
    } else {
      dispatch(parsed, wall_time_unix_s, reply);
    }
    return reply.SerializeAsString();
  } catch (const std::exception&) {
    return {};  // out of memory: an empty Reply, ok = false
  }
}

void ControlHandler::poll(double wall_time_unix_s) {
  if (!waiting_arm_ || wall_time_unix_s < waiting_arm_->at_wall_time_unix_s) return;
  // A full queue leaves it waiting: the next poll tries again.
  if (target_.submit({&waiting_arm_->command, 1}).empty()) waiting_arm_.reset();
}

void ControlHandler::dispatch(const v1::Request& request, double wall_time_unix_s, v1::Reply& reply) {
  switch (request.request_case()) {
    case v1::Request::kStatus:
      return status(reply);
    case v1::Request::kArm:
      return arm(request.arm(), wall_time_unix_s, reply);
    case v1::Request::kDisarm:
      waiting_arm_.reset();
      return command(CommandKind::kDisarm, reply);
    case v1::Request::kNote:
      return note(request.note().text(), reply);
    case v1::Request::kSelfTest:
      return command(CommandKind::kSelfTest, reply);
    case v1::Request::kShutdown:
      command(CommandKind::kShutdown, reply);
      target_.request_shutdown();  // also when the queue is full: it must always be possible to stop
      reply.set_ok(true);
      reply.clear_error();
      return;
    case v1::Request::kLoadModel:
      return load_model(request.load_model().file(), reply);
    case v1::Request::kCalibrateStart:
      return calibrate(CommandKind::kCalibrateStart, request.calibrate_start().handedness_confirmed(), reply);
    case v1::Request::kCalibrateStop:
      return calibrate(CommandKind::kCalibrateStop, request.calibrate_stop().discard(), reply);
    case v1::Request::REQUEST_NOT_SET:
      break;
  }
  refuse(reply, "the request is empty or of a kind that vturnd " + identity_.version + " does not know");
}

void ControlHandler::status(v1::Reply& reply) {
  const wire::HealthSnapshot health = target_.status();
  wire::to_proto(health, identity_.names, *reply.mutable_health());
  auto& header = *reply.mutable_health()->mutable_header();
  header.set_session_id(identity_.session_id);
  header.set_session_time_ns(health.session_time_ns);
  if (const auto calibration = target_.calibration()) wire::to_proto(*calibration, *reply.mutable_calibration());
  reply.set_session_file(identity_.session_file);
  reply.set_ok(true);
}

void ControlHandler::arm(const v1::ArmRequest& request, double wall_time_unix_s, v1::Reply& reply) {
  const double duration_s = request.duration_s();
  // Negated comparisons: NaN must fail them.
  if (!(duration_s > 0.0 && duration_s <= kMaxArmS)) {
    return refuse(reply, "arm: duration_s must be above 0 and at most 86400");
  }
  const double at_s = request.at_wall_time_unix_s();
  const bool now = at_s == 0.0;
  if (!now && !(at_s > wall_time_unix_s && at_s <= wall_time_unix_s + kMaxArmAheadS)) {
    return refuse(reply, "arm: at_wall_time_unix_s must be 0 (now) or lie within the next 7 days");
  }
  InputEvent event = command_event(CommandKind::kArm, ++last_request_);
  event.payload.command.value_ns = std::max<std::int64_t>(1, std::llround(duration_s * 1e9));
  waiting_arm_.reset();
  if (now) return submit({&event, 1}, reply);
  waiting_arm_ = WaitingArm{at_s, event};
  reply.set_ok(true);
  reply.set_request(last_request_);
}

void ControlHandler::note(const std::string& text, v1::Reply& reply) {
  if (text.empty() || text.size() > kMaxNoteBytes) {
    return refuse(reply, "note: text must have 1 to 1024 bytes, not " + std::to_string(text.size()));
  }
  if (std::any_of(text.begin(), text.end(), is_control_character)) {
    return refuse(reply, "note: text holds control characters other than newline and tab");
  }
  submit(note_parts(text, ++last_request_), reply);
}

void ControlHandler::load_model(const std::string& file, v1::Reply& reply) {
  const auto no_path = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  if (file.empty() || file.size() > kMaxPathBytes || std::any_of(file.begin(), file.end(), no_path)) {
    return refuse(reply, "load model: file must be a path of 1 to 4096 bytes without control characters");
  }
  reply.set_request(++last_request_);
  const auto loaded = target_.load_model(file, last_request_);
  if (!loaded) return refuse(reply, "load model: " + loaded.error());
  reply.set_ok(true);
  v1::LoadedModel& model = *reply.mutable_loaded_model();
  model.set_model_hash(hash_text(loaded->hash));
  model.set_units(static_cast<std::uint32_t>(loaded->units));
  model.set_median_abs_error_deg(loaded->median_abs_error_deg);
  model.set_handedness_confirmed(loaded->handedness_confirmed);
}

void ControlHandler::calibrate(CommandKind kind, bool flag, v1::Reply& reply) {
  InputEvent event = command_event(kind, ++last_request_);
  event.payload.command.value_ns = flag ? 1 : 0;
  reply.set_request(last_request_);
  const std::string problem = target_.calibrate(event);
  if (!problem.empty()) return refuse(reply, "calibrate: " + problem);
  reply.set_ok(true);
}

void ControlHandler::command(CommandKind kind, v1::Reply& reply) {
  const InputEvent event = command_event(kind, ++last_request_);
  submit({&event, 1}, reply);
}

void ControlHandler::submit(std::span<const InputEvent> commands, v1::Reply& reply) {
  reply.set_request(last_request_);
  if (const std::string problem = target_.submit(commands); !problem.empty()) return refuse(reply, problem);
  reply.set_ok(true);
}

}  // namespace vturn
