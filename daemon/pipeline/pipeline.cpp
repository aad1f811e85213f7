#include "daemon/pipeline/pipeline.hpp"

#include <array>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "daemon/core/text_hash.hpp"
#include "daemon/models/turn_cells.hpp"
#include "daemon/pipeline/control_desk.hpp"
#include "daemon/pipeline/decision_loop.hpp"
#include "daemon/pipeline/engine_setup.hpp"
#include "daemon/pipeline/log.hpp"
#include "daemon/pipeline/plugin_config.hpp"
#include "daemon/pipeline/rig_against_models.hpp"
#include "daemon/pipeline/self_check.hpp"
#include "daemon/pipeline/service_watch.hpp"
#include "daemon/pipeline/sources.hpp"
#include "daemon/publish/control_server.hpp"
#include "daemon/rt/clock.hpp"
#include "daemon/rt/threads.hpp"

namespace vturn {
namespace {

using settings::Rig;

template <class T>
T must(Expected<T> expected) {
  if (!expected) throw std::runtime_error(expected.error());
  return std::move(*expected);
}

std::string session_id_of(const Rig& rig) {
  const std::time_t now = static_cast<std::time_t>(rt::wall_now_ns() / kNsPerS);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> stamp{};
  std::strftime(stamp.data(), stamp.size(), "%Y%m%dT%H%M%SZ", &utc);
  return rig.name + "-" + stamp.data();
}

wire::Names names_of(const Rig& rig) {
  wire::Names names;
  for (const auto& rule : rig.rules) names.rules.push_back(rule.name);
  for (const auto& output : rig.outputs) names.outputs.push_back(output.name);
  for (const auto& source : rig.sources) names.sources.push_back(source.name);
  names.signals = rig.signals();
  return names;
}

wire::EncoderSettings encoder_settings(const Rig& rig, const ModelTexts& models) {
  return {session_id_of(rig), hash_text(text_hash(rig.text)), hash_text(models_hash(models)), rig.limits.blinded,
          names_of(rig)};
}

CurveKeys curve_keys(const Rig& rig, const std::string& file) {
  return file.empty() ? CurveKeys{} : must(load_curve_keys(rig.resolve(file)));
}

PublisherSettings publisher_settings(const Rig& rig) {
  PublisherSettings result;
  result.address = rig.publish.address;
  result.allow_remote = rig.publish.allow_remote;
  result.curve = curve_keys(rig, rig.publish.curve_secret_key_file);
  result.io_priority = static_cast<int>(rig.realtime.zmq_priority);
  return result;
}

ControlServerSettings control_settings(const Rig& rig) {
  return {rig.control.address, rig.control.allow_remote, curve_keys(rig, rig.control.curve_secret_key_file)};
}

/// Arming needs a passed self-test; the first one runs by itself.
void submit_self_test(ControlDesk& desk) {
  InputEvent event;
  event.kind = InputKind::kCommand;
  event.payload.command = CommandInput{};
  event.payload.command.command = CommandKind::kSelfTest;
  desk.submit({&event, 1});
}

record::RecorderOptions recorder_options(const Rig& rig, const ModelTexts& models,
                                         const wire::EncoderSettings& encoder) {
  record::RecorderOptions options;
  options.directory = rig.resolve(rig.record.directory);
  options.file = rig.record.file.empty() ? "" : rig.resolve(rig.record.file);
  options.session.encoder = encoder;
  options.session.about = {{"version", VTURN_VERSION}, {"kernel", name_of(resolve_kernel(Kernel::automatic))}};
  options.session.wall_minus_mono_ns = rt::wall_now_ns() - rt::mono_now_ns();
  options.ring_bytes = static_cast<std::size_t>(rig.record.buffer_s * record::kRingBytesPerSecond);
  const auto attach = [&](std::string_view name, const char* type, const std::string& text) {
    if (!text.empty()) options.session.attachments.push_back({0, 0, std::string(name), type, text});
  };
  attach(record::kConfigAttachment, "application/toml", rig.text);
  attach(record::kHeadingAttachment, "application/json", models.heading);
  attach(record::kSleepAttachment, "application/json", models.sleep);
  attach(record::kCellsAttachment, "text/csv", models.cells);
  return options;
}

ingest::OrderSettings order_settings(const Rig& rig) {
  ingest::OrderSettings order;
  for (std::size_t i = 0; i < rig.sources.size(); ++i) {
    const auto& source = rig.sources[i];
    order.sources[i].policy = source.order == "burst"  ? ingest::OrderPolicy::kBurst
                              : source.order == "hold" ? ingest::OrderPolicy::kHold
                                                       : ingest::OrderPolicy::kArrival;
    order.sources[i].hold_ns = static_cast<std::int64_t>(source.hold_ms * 1e6);
  }
  return order;
}

/// One producer a source, one an output, and the operators last (DecisionLoop::producer_of).
std::vector<std::size_t> queue_capacities(const Rig& rig) {
  constexpr std::size_t kResults = 1024;
  constexpr std::size_t kCommands = 1024;
  std::vector<std::size_t> capacities;
  for (const auto& source : rig.sources) capacities.push_back(static_cast<std::size_t>(source.queue_capacity));
  capacities.insert(capacities.end(), rig.outputs.size(), kResults);
  capacities.push_back(kCommands);
  return capacities;
}

PluginHost::Settings host_settings(const Rig& rig, const std::string& name, SourceIndex source, std::size_t output) {
  return {name, source, static_cast<std::uint8_t>(output), static_cast<int>(rig.realtime.reader_priority),
          static_cast<int>(rig.realtime.zmq_priority)};
}

void add_sources(const Rig& rig, rt::EventQueue& queue, ingest::SessionClock& clock, SourceSet& sources) {
  for (SourceIndex i = 0; i < rig.sources.size(); ++i) {
    auto host =
        std::make_unique<PluginHost>(host_settings(rig, rig.sources[i].name, i, 0), queue.producer(i), clock, log_line);
    sources.add(must(load_plugin(rig.sources[i].type)), std::move(host), source_config_json(rig, i));
  }
}

void add_outputs(const Rig& rig, rt::EventQueue& queue, ingest::SessionClock& clock, const SourceSet& sources,
                 OutputSet& outputs) {
  for (std::size_t i = 0; i < rig.outputs.size(); ++i) {
    auto host = std::make_unique<PluginHost>(host_settings(rig, rig.outputs[i].name, kNoSource, i),
                                             queue.producer(rig.sources.size() + i), clock, log_line);
    outputs.add(must(load_plugin(rig.outputs[i].type)), std::move(host), output_config_json(rig, i),
                sources.instance(rig.outputs[i].source));
  }
}

/// The model file comes beside the session log.
LiveCalibration::Settings calibration_settings(const Rig& rig, const std::string& session_id) {
  const bool fixed = rig.record.enabled && !rig.record.file.empty();
  const std::filesystem::path log = rig.resolve(rig.record.file);
  return {.folder = fixed ? log.parent_path().string() : rig.resolve(rig.record.directory),
          .stem = fixed ? log.stem().string() : session_id,
          .tracked = rig.tracks_heading(),
          .only_awake = !rig.sleep.model.empty(),
          .asked = {},
          .limits = {}};
}

void lock_memory(const Rig& rig) {
  if (rig.realtime.lock_memory && !rt::lock_memory()) {
    log_line(VTURN_LOG_WARNING, "memory cannot be locked (RLIMIT_MEMLOCK): a page fault may delay a decision");
  }
}

void log_warnings(const Rig& rig, const EngineSettings& settings) {
  for (const std::string& line : rig_warnings(rig, settings.sleep ? &*settings.sleep : nullptr))
    log_line(VTURN_LOG_WARNING, line);
  if (!settings.population) return;
  const auto& population = *settings.population;
  for (const std::string& line :
       undetectable_sides({population.clockwise, population.counterclockwise}, population.min_cells)) {
    log_line(VTURN_LOG_WARNING, line);
  }
}

/// Tells of a disk that does not take the session log, every ten seconds while it does not.
class DiskWatch {
 public:
  void look(const record::Recorder& recorder, MonoNs now_ns) {
    const int error = recorder.write_error();
    // A pipe that nobody empties is told by the recorder's state.
    if (error == 0 || error == EAGAIN || now_ns < next_ns_) return;
    next_ns_ = now_ns + 10 * kNsPerS;
    log_line(VTURN_LOG_ERROR, "session log " + recorder.path() + ": writing failed: " +
                                  std::error_code(error, std::generic_category()).message() + " (" +
                                  std::to_string(recorder.write_errors()) + " times); make room, or end the session");
  }

 private:
  MonoNs next_ns_ = 0;
};

void log_end(const SourceSet& sources, const DecisionLoop& loop, const Engine& engine, record::Recorder* recorder) {
  for (const PluginHost* host : sources.hosts()) {
    log_line(VTURN_LOG_INFO, host->name() + ": " + std::to_string(host->counter(VTURN_MESSAGES_RECEIVED)) +
                                 " messages received, " + std::to_string(host->counter(VTURN_MESSAGES_PARSED)) +
                                 " parsed, " + std::to_string(host->counter(VTURN_MESSAGES_LOST)) + " lost, " +
                                 std::to_string(host->counter(VTURN_SPIKES_RECEIVED)) + " spikes, " +
                                 std::to_string(host->refused()) + " refused by the queue");
  }
  log_line(VTURN_LOG_INFO, "engine: " + std::to_string(engine.inputs()) + " inputs, " +
                               std::to_string(engine.spikes()) + " spikes, " + std::to_string(engine.ttl_edges()) +
                               " TTL edges, " + std::to_string(engine.late_spikes()) + " late spikes; digest " +
                               std::to_string(loop.digest()));
  if (recorder == nullptr) return;
  const record::StopReport report = recorder->stop();
  log_line(report.whole ? VTURN_LOG_INFO : VTURN_LOG_ERROR,
           "session log " + recorder->path() + (report.whole ? ": whole" : ": NOT whole, use vturn export --repair"));
}

/// The wiring. Threads: one reader a source (inside the plugins), the decision thread, the recorder's, the control
/// server's, ZeroMQ's. Data flow: sources -> queue -> order -> engine -> outputs, publisher, recorder.
void run(const Rig& rig, std::atomic<bool>& stop) {
  const ModelTexts models = must(load_models(rig));
  const wire::EncoderSettings encoder = encoder_settings(rig, models);
  auto engine = std::make_unique<Engine>();
  const EngineSettings engine_config = must(engine_settings(rig, models));
  engine->prepare(engine_config);
  log_warnings(rig, engine_config);

  rt::EventQueue queue(queue_capacities(rig));
  auto clock = std::make_unique<ingest::SessionClock>(rig.sources[rig.master()].speed);
  ingest::Order order(order_settings(rig));
  // Sockets first: ZeroMQ's threads take over the scheduling of whoever makes them.
  Publisher publisher;
  publisher.prepare(publisher_settings(rig), encoder);
  SourceSet sources;
  OutputSet outputs;
  add_sources(rig, queue, *clock, sources);
  add_outputs(rig, queue, *clock, sources, outputs);
  Marks marks(encoder.names.rules);
  sources.offer(marks);
  std::unique_ptr<record::Recorder> recorder;
  if (rig.record.enabled) recorder = must(record::Recorder::start(recorder_options(rig, models, encoder)));

  HealthBoard health(sources.hosts());
  ModelSlot slot;
  LiveCalibration calibration(calibration_settings(rig, encoder.session_id));
  auto loop =
      std::make_unique<DecisionLoop>(DecisionLoop::Parts{queue, rig.sources.size(), order, *engine, outputs, publisher,
                                                         recorder.get(), health, marks, &calibration, &slot});
  ModelLoader loader(rig, models, recorder.get(), slot);
  ControlDesk desk({queue.producer(queue.producers() - 1), health, outputs, loader, calibration, stop},
                   heading_self_check(engine_config));
  lock_memory(rig);

  std::atomic<bool> stop_deciding{false};
  std::thread decision([&] {
    log_line(VTURN_LOG_INFO, rt::set_up_thread("vturn-decide", static_cast<int>(rig.realtime.decision_priority)).line);
    loop->run(stop_deciding);
  });
  const auto end_decisions = [&] {
    stop_deciding.store(true, std::memory_order_release);
    decision.join();
  };
  try {
    sources.start();
    // Outputs that share a source's connection are tested through it.
    submit_self_test(desk);
    const ControlIdentity identity{encoder.session_id, recorder ? recorder->path() : "", VTURN_VERSION, encoder.names};
    const ControlServer control(control_settings(rig), identity, desk);
    log_line(VTURN_LOG_INFO, "session " + encoder.session_id + ": publishing on " + publisher.endpoint() +
                                 ", control on " + control.endpoint());
    ServiceWatch service;
    DiskWatch disk;
    service.ready();
    while (!stop.load()) {
      service.service(health.ticked_ns(), rt::mono_now_ns());
      if (recorder != nullptr) disk.look(*recorder, rt::mono_now_ns());
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  } catch (...) {
    sources.stop();
    end_decisions();
    throw;
  }
  sources.stop();
  end_decisions();
  log_end(sources, *loop, *engine, recorder.get());
}

}  // namespace

PipelineReport run_pipeline(const Rig& rig, std::atomic<bool>& stop) {
  try {
    run(rig, stop);
    return {true, ""};
  } catch (const std::exception& error) {
    return {false, error.what()};
  }
}

}  // namespace vturn
