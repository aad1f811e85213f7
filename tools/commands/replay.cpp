#include "daemon/record/replay.hpp"

#include <cstdio>
#include <memory>

#include "tools/commands/registry.hpp"
#include "tools/commands/replayed_engine.hpp"
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
  ReplayedEngine engine(session, options.session, {.config = options.config});
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
