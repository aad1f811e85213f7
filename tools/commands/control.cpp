#include <vturn/v1/control.pb.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "tools/commands/operator_time.hpp"
#include "tools/commands/registry.hpp"
#include "tools/commands/wire_client.hpp"
#include "tools/lib/interrupt.hpp"

namespace vturn::tools {
namespace {

using Clock = std::chrono::steady_clock;

struct ControlOptions {
  std::string address = "tcp://127.0.0.1:5601";
  std::string publish_address = "tcp://127.0.0.1:5600";
  ClientOptions keys;
  std::string for_text, at_text, note, model;
  bool json = false, flag = false, wait = false;
};

v1::Reply ask(zmq::context_t& context, const ControlOptions& options, const v1::Request& request, int wait_s = 3) {
  zmq::socket_t socket = connect(context, zmq::socket_type::req, options.address, options.keys);
  socket.set(zmq::sockopt::rcvtimeo, 1'000 * wait_s);
  socket.send(zmq::buffer(request.SerializeAsString()), zmq::send_flags::none);
  zmq::message_t message;
  v1::Reply reply;
  if (!socket.recv(message)) {
    throw UsageError("no answer from " + options.address + " within " + std::to_string(wait_s) +
                     " s; is vturnd running there?");
  }
  if (!reply.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    throw UsageError(options.address + " answered, but not as vturnd does");
  }
  return reply;
}

int print(const ControlOptions& options, const v1::Reply& reply, const std::string& text) {
  if (options.json) {
    std::printf("%s\n", to_json(reply).c_str());
  } else if (reply.ok()) {
    std::printf("%s\n", text.c_str());
  }
  if (!reply.ok()) std::fprintf(stderr, "vturn control: %s\n", reply.error().c_str());
  return reply.ok() ? 0 : 1;
}

std::string status_text(const v1::Reply& reply) {
  const v1::Health& health = reply.health();
  std::string text = "session " + reply.session_id() + "  " + session_clock(health.header().session_time_ns()) +
                     "  vturnd " + reply.version() + "\n";
  text += health.armed() ? "armed" : "disarmed";
  for (const int reason : health.inhibits()) text += ", inhibited: " + words(static_cast<v1::VetoReason>(reason));
  text += health.recording() ? "\nrecording " + reply.session_file() : std::string("\nNOT RECORDED");
  for (const int side : health.undetectable_sides()) {
    text += "\n" + words(static_cast<v1::Direction>(side)) + " population events UNDETECTABLE: too few turn cells";
  }
  if (health.sleep_gains_refused()) {
    text +=
        "\nsleep: the signals' gains are far from the sleep model's: wrong channels, or another amplification? "
        "State UNKNOWN until they fit";
  }
  for (const auto& source : health.sources()) {
    text += "\nsource " + source.name() + (source.alive() ? ": alive, " : ": SILENT, ") +
            std::to_string(source.messages_received()) + " messages, " + std::to_string(source.messages_lost()) +
            " lost, " + std::to_string(source.spikes_received()) + " spikes";
  }
  for (const auto& signal : health.signals()) {
    if (signal.problem() == v1::SIGNAL_PROBLEM_NONE) continue;
    text += "\nsignal " + signal.name() + ": " + words(signal.problem()) + ", usable " +
            std::to_string(std::lround(100.0F * signal.usable_share())) + " % of the time";
  }
  if (health.tuning().state() != v1::TUNING_STATE_UNKNOWN) text += "\ntuning: " + words(health.tuning().state());
  if (reply.has_calibration()) text += "\ncalibration: " + words(reply.calibration().state());
  return text + "\ntriggers " + std::to_string(health.triggers()) + ", vetoes " + std::to_string(health.vetoes()) +
         ", spikes " + std::to_string(health.spikes()) + " (late " + std::to_string(health.late_spikes()) + ")";
}

/// The engine answers a command on topic `session`, under the number that the reply gave. Subscribes before the command
/// is sent, so that the answer cannot slip by.
class Answers {
 public:
  Answers(zmq::context_t& context, const ControlOptions& options)
      : socket_(connect(context, zmq::socket_type::sub, options.publish_address, options.keys, {"session"})) {
    // vturnd retains the session's start for every newcomer: when it is here the subscription holds.
    const auto end = Clock::now() + std::chrono::seconds(1);
    while (Clock::now() < end && !receive_published(socket_, 50).message) throw_if_interrupted();
  }

  /// Nothing when none comes within 3 s.
  std::optional<v1::Session> await(std::uint32_t request) {
    const auto end = Clock::now() + std::chrono::seconds(3);
    while (Clock::now() < end) {
      throw_if_interrupted();
      const Published published = receive_published(socket_, 50);
      if (!published.message) continue;
      const auto& session = static_cast<const v1::Session&>(*published.message);
      if (session.request() == request) return session;
    }
    return std::nullopt;
  }

 private:
  zmq::socket_t socket_;
};

int report(const ControlOptions& options, const std::optional<v1::Session>& answer, std::uint32_t request) {
  if (!answer) {
    std::fprintf(stderr,
                 "vturn control: taken as request %u, but vturnd did not answer on 'session' at %s within 3 s; see "
                 "'vturn control status'\n",
                 request, options.publish_address.c_str());
    return 1;
  }
  if (options.json) std::printf("%s\n", to_json(*answer).c_str());
  const bool refused =
      answer->change() == v1::SESSION_CHANGE_ARM_REFUSED || answer->reason() == v1::VETO_REASON_SELF_TEST_FAILED;
  if (refused) {
    std::fprintf(stderr, "vturn control: refused: %s%s%s\n", words(answer->reason()).c_str(),
                 answer->text().empty() ? "" : ": ", answer->text().c_str());
  } else if (!options.json) {
    std::printf("%s%s\n", words(answer->change()).c_str(),
                answer->change() == v1::SESSION_CHANGE_ARMED
                    ? (" until session time " + session_clock(answer->value_ns())).c_str()
                    : "");
  }
  return refused ? 1 : 0;
}

int command_and_answer(const ControlOptions& options, const v1::Request& request) {
  const InterruptScope scope;
  zmq::context_t context;
  Answers answers(context, options);
  const v1::Reply reply = ask(context, options, request);
  if (!reply.ok()) return print(options, reply, "");
  return report(options, answers.await(reply.request()), reply.request());
}

int command(const ControlOptions& options, const v1::Request& request, const std::string& text) {
  zmq::context_t context;
  const v1::Reply reply = ask(context, options, request);
  return print(options, reply, text);
}

/// Follows the fit to its end: the model's file on stdout, or the refusal's reason.
int await_model(const ControlOptions& options, zmq::socket_t& socket) {
  auto heard = Clock::now();
  while (Clock::now() - heard < std::chrono::seconds(10)) {
    throw_if_interrupted();
    const Published published = receive_published(socket, 100);
    if (!published.message) continue;
    heard = Clock::now();
    const auto& calibration = static_cast<const v1::Calibration&>(*published.message);
    const bool ended =
        calibration.state() != v1::CALIBRATION_STATE_COLLECTING && calibration.state() != v1::CALIBRATION_STATE_FITTING;
    if (!ended) continue;
    if (options.json) std::printf("%s\n", to_json(calibration).c_str());
    if (calibration.state() == v1::CALIBRATION_STATE_REFUSED) {
      std::fprintf(stderr, "vturn control: %s\n", calibration.reason().c_str());
    } else if (!options.json) {
      std::printf("%s\n", calibration.model_file().c_str());
    }
    return calibration.state() == v1::CALIBRATION_STATE_DONE ? 0 : 1;
  }
  std::fprintf(stderr, "vturn control: nothing heard about the calibration at %s for 10 s\n",
               options.publish_address.c_str());
  return 1;
}

int status(const ControlOptions& options) {
  v1::Request request;
  request.mutable_status();
  zmq::context_t context;
  const v1::Reply reply = ask(context, options, request);
  return print(options, reply, status_text(reply));
}

int arm(const ControlOptions& options) {
  v1::Request request;
  request.mutable_arm()->set_duration_s(parse_duration_s(options.for_text));
  if (options.at_text.empty()) return command_and_answer(options, request);
  const double at_s = parse_wall_time_unix_s(options.at_text, std::time(nullptr));
  request.mutable_arm()->set_at_wall_time_unix_s(at_s);
  return command(options, request, "will arm at " + local_time(at_s) + " unless something forbids it then");
}

int disarm(const ControlOptions& options) {
  v1::Request request;
  request.mutable_disarm();
  return command_and_answer(options, request);
}

int self_test(const ControlOptions& options) {
  v1::Request request;
  request.mutable_self_test();
  return command_and_answer(options, request);
}

/// Reading and checking a large model takes its time, and the session log must have it first.
int load_model(const ControlOptions& options) {
  v1::Request request;
  std::error_code none;
  const auto here = std::filesystem::absolute(options.model, none);
  request.mutable_load_model()->set_file(std::filesystem::exists(here, none) ? here.string() : options.model);
  zmq::context_t context;
  const v1::Reply reply = ask(context, options, request, 30);
  const v1::LoadedModel& model = reply.loaded_model();
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), "loaded: %u units, cross-validated median error %.1f degrees; disarmed%s",
                model.units(), model.median_abs_error_deg(),
                model.handedness_confirmed() ? "" : "; nobody has confirmed yet that left is left");
  return print(options, reply, text.data());
}

int calibrate_start(const ControlOptions& options) {
  v1::Request request;
  request.mutable_calibrate_start()->set_handedness_confirmed(options.flag);
  return command_and_answer(options, request);
}

int calibrate_stop(const ControlOptions& options) {
  v1::Request request;
  request.mutable_calibrate_stop()->set_discard(options.flag);
  if (!options.wait) return command_and_answer(options, request);
  const InterruptScope scope;
  zmq::context_t context;
  zmq::socket_t socket =
      connect(context, zmq::socket_type::sub, options.publish_address, options.keys, {"calibration"});
  const v1::Reply reply = ask(context, options, request);
  if (!reply.ok()) return print(options, reply, "");
  return await_model(options, socket);
}

int note(const ControlOptions& options) {
  v1::Request request;
  request.mutable_note()->set_text(options.note);
  return command(options, request, "noted");
}

int shut_down(const ControlOptions& options) {
  v1::Request request;
  request.mutable_shutdown();
  return command(options, request, "vturnd is shutting down");
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<ControlOptions>();
  auto chosen = std::make_shared<int (*)(const ControlOptions&)>(nullptr);
  app.require_subcommand(1);
  const auto add = [&](const char* name, const char* description, int (*run)(const ControlOptions&)) {
    CLI::App* sub = app.add_subcommand(name, description);
    sub->add_option("--address", options->address, "vturnd's control address")->capture_default_str();
    sub->add_flag("--json", options->json, "print the answer as JSON");
    add_key_options(*sub, options->keys);
    sub->callback([chosen, run] { *chosen = run; });
    return sub;
  };
  const auto add_answered = [&](const char* name, const char* description, int (*run)(const ControlOptions&)) {
    CLI::App* sub = add(name, description, run);
    sub->add_option("--publish-address", options->publish_address, "vturnd's PUB address, where it answers")
        ->capture_default_str();
    return sub;
  };
  add("status", "what vturnd is doing", status);
  CLI::App* arm_app = add_answered("arm", "allow stimulation for a time", arm);
  arm_app->add_option("--for", options->for_text, "how long, in session time: 90s, 30m, 1h30m")->required();
  arm_app->add_option("--at", options->at_text, "when: 23:00 (the next one) or 2026-11-24T23:00, local time");
  add_answered("disarm", "forbid stimulation, end a running pulse, forget a planned arming", disarm);
  add("note", "write a line into the session", note)->add_option("text", options->note, "the line")->required();
  add_answered("self-test", "test the outputs", self_test);
  add_answered("calibrate-start", "collect spikes and tracked heading for a heading model, while the mouse is awake",
               calibrate_start)
      ->add_flag("--handedness-confirmed", options->flag,
                 "the operator has seen on a clip, or with a gyroscope, that left is left");
  CLI::App* stop_app = add_answered(
      "calibrate-stop", "fit a heading model to what was collected; vturn monitor shows how it goes", calibrate_stop);
  stop_app->add_flag("--discard", options->flag, "no model: forget it all, end a running fit");
  stop_app->add_flag("--wait", options->wait, "until the model is written: prints its file")->excludes("--discard");
  add("load-model", "decode with another heading model from here on; disarms", load_model)
      ->add_option("file", options->model, "model file, here or relative to vturnd's rig file")
      ->required();
  add("shutdown", "end the session in order", shut_down);
  return [options, chosen] { return (*chosen)(*options); };
}

const Registration kRegistration{
    {"", "control", "arm, disarm, note, calibrate, load a model, self-test, status, shutdown", configure}};

}  // namespace
}  // namespace vturn::tools
