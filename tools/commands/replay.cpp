#include "daemon/record/replay.hpp"

#include <cstdio>
#include <memory>

#include "daemon/engine/engine.hpp"
#include "daemon/pipeline/engine_setup.hpp"
#include "daemon/record/session_log.hpp"
#include "daemon/settings/settings.hpp"
#include "tools/commands/registry.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/lib/progress.hpp"

namespace vturn::tools {
namespace {

struct Options {
  std::string session;
  std::string config;
  bool json = false;
};

template <class T>
T value_or_usage_error(Expected<T> value) {
  if (!value) throw UsageError(value.error());
  return *std::move(value);
}

struct Set {
  settings::Rig rig;
  ModelTexts models;
};

// The session's own configuration and models unless another rig file is given, which names its own.
Set begun_with(const record::SessionReader& session, const Options& options) {
  if (!options.config.empty()) {
    const auto rig = value_or_usage_error(settings::load_rig(options.config));
    return {rig, value_or_usage_error(load_models(rig))};
  }
  const std::string config = session.attachment(record::kConfigAttachment);
  if (config.empty()) throw UsageError(options.session + ": holds no configuration; give one with --config RIG.toml");
  return {value_or_usage_error(settings::parse_rig(config, options.session + ":config.toml")),
          {session.attachment(record::kHeadingAttachment), session.attachment(record::kSleepAttachment),
           session.attachment(record::kCellsAttachment)}};
}

/// The session's engine again, with the models that were loaded while it ran. Another rig file that names another
/// heading model keeps that one throughout.
class ReplayedEngine {
 public:
  ReplayedEngine(const record::SessionReader& session, const Options& options)
      : session_(session), name_(options.session), set_(begun_with(session, options)) {
    follows_ = set_.models.heading == session.attachment(record::kHeadingAttachment);
    engine_->prepare(value_or_usage_error(engine_settings(set_.rig, set_.models)));
  }

  void step(const InputEvent& event, OutputBuffer& out) {
    HeadingSet loaded;
    const bool loads = event.kind == InputKind::kCommand && event.payload.command.command == CommandKind::kLoadModel;
    if (loads && follows_) {
      loaded.prepare(loaded_settings(static_cast<std::uint64_t>(event.payload.command.value_ns)));
      engine_->offer(loaded);
    }
    engine_->step(event, out);
  }

 private:
  EngineSettings loaded_settings(std::uint64_t hash) {
    const std::string attachment = record::loaded_heading_attachment(hash);
    set_.models.heading = session_.attachment(attachment);
    if (set_.models.heading.empty()) throw UsageError(name_ + ": lacks the model " + attachment + " that it loads");
    set_.rig.heading.model = name_ + ":" + attachment;
    return value_or_usage_error(engine_settings(set_.rig, set_.models));
  }

  const record::SessionReader& session_;
  std::string name_;
  Set set_;
  bool follows_ = true;
  std::unique_ptr<Engine> engine_ = std::make_unique<Engine>();
};

Json to_json(const record::ReplayReport& report) {
  Json result;
  result["digest"] = record::digest_text(report.digest);
  result["recorded_digest"] = report.recorded_digest ? Json(record::digest_text(*report.recorded_digest)) : Json();
  result["matches"] = report.matches;
  result["digests_compared"] = report.digests_compared;
  result["first_difference_at_input"] =
      report.first_difference_at_input ? Json(*report.first_difference_at_input) : Json();
  result["inputs"] = report.inputs;
  result["outputs"] = report.outputs;
  result["triggers"] = report.triggers;
  result["vetoes"] = report.vetoes;
  result["seconds"] = json_number(report.session_s);
  result["complete"] = report.complete;
  result["stopped_by"] = report.stopped_by;
  return result;
}

void print_text(const record::ReplayReport& report) {
  std::printf("%llu inputs, %llu outputs, %llu triggers, %llu vetoes over %.1f s of session time\n",
              static_cast<unsigned long long>(report.inputs), static_cast<unsigned long long>(report.outputs),
              static_cast<unsigned long long>(report.triggers), static_cast<unsigned long long>(report.vetoes),
              report.session_s);
  if (!report.stopped_by.empty()) std::printf("%s\n", report.stopped_by.c_str());
  if (!report.recorded_digest) {
    std::printf("digest %s; the log holds none to compare\n", record::digest_text(report.digest).c_str());
  } else {
    std::printf("digest %s, recorded %s: %s (%llu compared)\n", record::digest_text(report.digest).c_str(),
                record::digest_text(*report.recorded_digest).c_str(), report.matches ? "the same" : "DIFFERENT",
                static_cast<unsigned long long>(report.digests_compared));
  }
  if (report.first_difference_at_input)
    std::printf("first digest that differs: after input %llu\n",
                static_cast<unsigned long long>(*report.first_difference_at_input));
}

int replay_session(const Options& options) {
  auto session = value_or_usage_error(record::SessionReader::open(options.session));
  ReplayedEngine engine(session, options);
  Progress progress("replay", session.size());
  record::ReplayHooks hooks;
  hooks.progress = [&](std::uint64_t bytes) {
    throw_if_interrupted();
    progress.update(bytes);
  };
  const auto report = record::replay(
      session, [&](const InputEvent& event, OutputBuffer& out) { engine.step(event, out); }, hooks);
  progress.finish();
  if (options.json) {
    print_json(to_json(report));
  } else {
    print_text(report);
  }
  // Another configuration is asked what it would have done: a different digest is no failure then.
  return report.matches || !options.config.empty() ? 0 : 1;
}

int run(const Options& options) {
  const InterruptScope interruptible;
  return replay_session(options);
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("session", options->session, "session log (.mcap)")->required();
  app.add_option("--config", options->config, "another rig file: what would it have decided?");
  app.add_flag("--json", options->json, "figures as JSON on stdout");
  return [options] { return run(*options); };
}

const Registration registration{{"", "replay", "re-run a session and check its digest", configure}};

}  // namespace
}  // namespace vturn::tools
