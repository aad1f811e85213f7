#include "tools/commands/export_csv.hpp"

#include <vturn/v1/events.pb.h>

#include <algorithm>

#include "daemon/core/input_event.hpp"
#include "daemon/core/types.hpp"
#include "daemon/record/session_log.hpp"

namespace vturn::tools {

namespace {

using record::McapItem;

constexpr int kTimeDecimals = 9;  // nanoseconds: the log's own resolution
constexpr int kDecimals = 6;
constexpr std::uint64_t kProgressItems = 256;

struct Table {
  Table(const ExportOptions& options, const std::string& name, std::initializer_list<std::string_view> header)
      : file(options.directory / name), csv(file.stream(), header) {}
  void end_row() {
    csv.end_row();
    ++rows;
  }
  AtomicFile file;
  CsvWriter csv;
  std::uint64_t rows = 0;
};

// "VETO_REASON_WRONG_STATE" as "wrong_state": the enum's own names, without what every one of them begins with.
std::string enum_text(std::string name, std::string_view prefix, bool lower) {
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  if (lower)
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

std::string text(v1::SleepState value) { return enum_text(v1::SleepState_Name(value), "SLEEP_STATE_", false); }
std::string text(v1::Dynamics value) { return enum_text(v1::Dynamics_Name(value), "DYNAMICS_", false); }
std::string text(v1::Direction value) { return enum_text(v1::Direction_Name(value), "DIRECTION_", true); }
std::string text(v1::TurnPhase value) { return enum_text(v1::TurnPhase_Name(value), "TURN_PHASE_", true); }
std::string text(v1::VetoReason value) { return enum_text(v1::VetoReason_Name(value), "VETO_REASON_", true); }
std::string text(v1::SessionChange value) { return enum_text(v1::SessionChange_Name(value), "SESSION_CHANGE_", true); }
std::string text(v1::ArmKind value) { return enum_text(v1::ArmKind_Name(value), "ARM_", true); }

std::string text(OutputResult result) {
  switch (result) {
    case OutputResult::kFired:
      return "fired";
    case OutputResult::kRefused:
      return "refused";
    case OutputResult::kFailed:
      return "failed";
    case OutputResult::kStopped:
      return "stopped";
    case OutputResult::kSham:
    case OutputResult::kNotStopped:
      break;
  }
  return "";
}

struct CauseText {
  std::string kind;
  std::string detail;  ///< direction of a turn, side of a population event, state entered
};

template <class Message>
CauseText cause_of(const Message& message) {
  if (message.has_turn()) return {"turn", text(message.turn().direction())};
  if (message.has_population()) return {"population", text(message.population().side())};
  if (message.has_sleep()) return {"sleep", text(message.sleep().state())};
  return {};
}

class CsvExport {
 public:
  CsvExport(record::McapReader& log, const ExportOptions& options)
      : log_(log),
        unblind_(options.unblind),
        heading_(options, "heading.csv",
                 {"t_s", "angle_rad", "map_angle_rad", "concentration", "p_rest", "p_left", "p_right",
                  "angular_velocity_rad_s", "evidence_nats_per_spike", "spikes_per_s", "dynamics", "credible_95_rad",
                  "twin_evidence_nats_per_spike"}),
        sleep_(options, "sleep.csv",
               {"t_s", "state", "p_wake", "p_nrem", "p_rem", "time_in_state_s", "motion", "quality"}),
        turns_(options, "turns.csv",
               {"t_s", "onset_s", "direction", "angle_rad", "peak_velocity_rad_s", "log_odds", "phase", "sleep_state"}),
        triggers_(options, "triggers.csv",
                  {"t_s", "trigger_id", "rule", "output", "arm", "result", "pulse_ms", "cause", "cause_detail",
                   "p_state", "valid_until_s", "parse_us", "queue_us", "decide_us", "receive_to_output_us",
                   "receive_to_published_us", "config_hash", "model_hash"}),
        vetoes_(options, "vetoes.csv", {"t_s", "rule", "reason", "cause", "cause_detail", "detail"}),
        spikes_(options, "spikes.csv", {"unit", "t_s", "source", "sample"}),
        population_(options, "population.csv",
                    {"t_s", "side", "rate_hz", "z", "coupling", "coupling_low", "coupling_high", "shuffled",
                     "shuffled_low", "shuffled_high"}),
        session_(options, "session.csv", {"t_s", "change", "reason", "source", "count", "value_s", "text", "request"}),
        tracked_(options, "tracked_heading.csv", {"t_s", "hd_rad"}) {}

  ExportReport run(const std::function<void(std::uint64_t)>& progress) {
    std::uint64_t items = 0;
    for (McapItem item = log_.next(); item != McapItem::kEnd; item = log_.next()) {
      take(item);
      if (++items % kProgressItems == 0) progress(log_.offset());
    }
    for (const v1::Trigger& trigger : waiting_triggers_) write(trigger);
    progress(log_.offset());
    report_.whole = log_.ending() == record::McapEnding::kWhole && log_.damages() == 0 && report_.gaps == 0;
    if (log_.ending() == record::McapEnding::kNoFooter)
      warn("the log has no footer (vturnd was killed); all before is exported");
    commit();
    return report_;
  }

 private:
  void take(McapItem item) {
    switch (item) {
      case McapItem::kMessage:
        return message();
      case McapItem::kMetadata:
        return metadata();
      case McapItem::kDamage:
        return warn(log_.damage().what);
      case McapItem::kAttachment:
      case McapItem::kEnd:
        return;
    }
  }

  void warn(const std::string& line) {
    if (report_.warnings.size() < ExportReport::kMaxWarnings) report_.warnings.push_back(line);
  }

  void metadata() {
    if (log_.metadata_name() == record::kSessionMetadata) about_ = log_.metadata();
    if (log_.metadata_name() != record::kIncompleteMetadata) return;
    ++report_.gaps;
    const auto reason = log_.metadata().find("reason");
    warn("the log is incomplete from byte " + std::to_string(log_.offset()) +
         " on: " + (reason == log_.metadata().end() ? "the recorder's buffer was full" : reason->second));
  }

  template <class Message>
  bool decode(Message& message) {
    const auto data = log_.message().data;
    if (message.ParseFromArray(data.data(), static_cast<int>(data.size()))) return true;
    ++report_.undecodable;
    return false;
  }

  void message() {
    const std::string& topic = log_.message().channel->topic;
    if (topic == record::kInputTopic) return inputs();
    if (topic == "heading") return heading();
    if (topic == "sleep") return sleep();
    if (topic == "turn") return turn();
    if (topic == "trigger") return trigger();
    if (topic == "veto") return veto();
    if (topic == "population") return population();
    if (topic == "session") return session();
    if (topic == record::kSealedTopic) return sealed();
  }

  static double time_s(const v1::Header& header) { return seconds(header.session_time_ns()); }

  void inputs() {
    if (!decode(batch_)) return;
    for (const auto& input : batch_.inputs()) {
      if (input.has_spike()) spike(input);
      if (input.has_output()) note(input.output().trigger_id(), static_cast<OutputResult>(input.output().result()));
      if (input.has_heading()) {
        tracked_.csv.real(seconds(input.session_time_ns()), kTimeDecimals).real(input.heading().angle_rad(), kDecimals);
        tracked_.end_row();
      }
    }
  }

  /// What the output answered; that a stop came too late changes nothing of it.
  void note(std::uint32_t trigger_id, OutputResult result) {
    if (result != OutputResult::kNotStopped) results_[trigger_id] = result;
  }

  void spike(const v1::Input& input) {
    if (input.spike().unit() == kNoUnit) {
      ++report_.unmapped_spikes;
      return;
    }
    spikes_.csv.integer(input.spike().unit())
        .real(seconds(input.session_time_ns()), kTimeDecimals)
        .text(source_name(input.source()))
        .integer(input.source_sample());
    spikes_.end_row();
  }

  std::string source_name(std::uint32_t source) const {
    const auto found = about_.find("source_" + std::to_string(source));
    return found == about_.end() ? std::to_string(source) : found->second;
  }

  void heading() {
    if (!decode(heading_message_)) return;
    const auto& m = heading_message_;
    heading_.csv.real(time_s(m.header()), kTimeDecimals);
    for (const float value : {m.angle_rad(), m.map_angle_rad(), m.concentration(), m.p_rest(), m.p_left(), m.p_right(),
                              m.angular_velocity_rad_s(), m.evidence_nats_per_spike(), m.spikes_per_s()}) {
      heading_.csv.real(value, kDecimals);
    }
    heading_.csv.text(text(m.dynamics()));
    heading_.csv.real(m.credible_95_rad(), kDecimals);
    heading_.csv.real(m.twin_evidence_nats_per_spike(), kDecimals);
    heading_.end_row();
  }

  void sleep() {
    v1::Sleep m;
    if (!decode(m)) return;
    sleep_.csv.real(time_s(m.header()), kTimeDecimals).text(text(m.state()));
    for (const float value : {m.p_wake(), m.p_nrem(), m.p_rem(), m.time_in_state_s(), m.motion(), m.quality()})
      sleep_.csv.real(value, kDecimals);
    sleep_.end_row();
  }

  void turn() {
    v1::Turn m;
    if (!decode(m)) return;
    turns_.csv.real(time_s(m.header()), kTimeDecimals)
        .real(seconds(m.onset_time_ns()), kTimeDecimals)
        .text(text(m.direction()))
        .real(m.angle_rad(), kDecimals)
        .real(m.peak_velocity_rad_s(), kDecimals)
        .real(m.log_odds(), kDecimals)
        .text(text(m.phase()))
        .text(text(m.sleep_state()));
    turns_.end_row();
  }

  // Rows wait to the end: what the output answers comes later, and may come twice (fired, then stopped).
  void trigger() {
    v1::Trigger m;
    if (decode(m)) waiting_triggers_.push_back(std::move(m));
  }

  // The arm of a blinded session follows its trigger in a message of its own.
  void sealed() {
    v1::Sealed m;
    if (!decode(m) || !unblind_ || waiting_triggers_.empty()) return;
    v1::Trigger& trigger = waiting_triggers_.back();
    if (trigger.trigger_id() != m.trigger_id()) return;
    if (v1::ArmKind_IsValid(static_cast<int>(m.arm()))) trigger.set_arm(static_cast<v1::ArmKind>(m.arm()));
  }

  // A sham's differs from a stimulus's: where the arm is not told, this is not either.
  std::string result_of(const v1::Trigger& trigger) const {
    const auto found = results_.find(trigger.trigger_id());
    return found == results_.end() || !trigger.has_arm() ? std::string() : text(found->second);
  }

  void write(const v1::Trigger& m) {
    const CauseText cause = cause_of(m);
    triggers_.csv.real(time_s(m.header()), kTimeDecimals).integer(m.trigger_id()).text(m.rule()).text(m.output());
    triggers_.csv.text(m.has_arm() ? text(m.arm()) : std::string()).text(result_of(m));
    triggers_.csv.real(m.pulse_ms(), kDecimals).text(cause.kind).text(cause.detail).real(m.p_state(), kDecimals);
    triggers_.csv.real(seconds(m.valid_until_ns()), kTimeDecimals);
    const v1::Hops& hops = m.hops();
    latency(hops.kernel_receive_ns(), hops.parsed_ns());
    latency(hops.parsed_ns(), hops.dequeued_ns());
    latency(hops.dequeued_ns(), hops.decided_ns());
    latency(hops.kernel_receive_ns(), hops.output_ns());
    latency(hops.kernel_receive_ns(), hops.published_ns());
    triggers_.csv.text(m.config_hash()).text(m.model_hash());
    triggers_.end_row();
  }

  // A hop that was not passed has stamp 0.
  void latency(std::int64_t from_ns, std::int64_t to_ns) {
    constexpr double kNsPerUs = 1000.0;
    constexpr int kLatencyDecimals = 3;
    if (from_ns == 0 || to_ns == 0) {
      triggers_.csv.empty();
    } else {
      triggers_.csv.real(static_cast<double>(to_ns - from_ns) / kNsPerUs, kLatencyDecimals);
    }
  }

  void veto() {
    v1::Veto m;
    if (!decode(m)) return;
    const CauseText cause = cause_of(m);
    vetoes_.csv.real(time_s(m.header()), kTimeDecimals).text(m.rule()).text(text(m.reason()));
    vetoes_.csv.text(cause.kind).text(cause.detail).text(m.detail());
    vetoes_.end_row();
  }

  void population() {
    v1::Population m;
    if (!decode(m)) return;
    population_.csv.real(time_s(m.header()), kTimeDecimals).text(text(m.side()));
    for (const float value : {m.rate_hz(), m.z(), m.coupling(), m.coupling_low(), m.coupling_high(), m.shuffled(),
                              m.shuffled_low(), m.shuffled_high()})
      population_.csv.real(value, kDecimals);
    population_.end_row();
  }

  void session() {
    v1::Session m;
    if (!decode(m)) return;
    session_.csv.real(time_s(m.header()), kTimeDecimals).text(text(m.change()));
    session_.csv.text(m.reason() == v1::VETO_REASON_UNSPECIFIED ? std::string() : text(m.reason()));
    session_.csv.text(m.source())
        .integer(static_cast<std::int64_t>(m.count()))
        .real(seconds(m.value_ns()), kTimeDecimals)
        .text(m.text())
        .integer(m.request());
    session_.end_row();
  }

  void commit() {
    const std::pair<const char*, Table*> tables[] = {
        {"heading.csv", &heading_},       {"sleep.csv", &sleep_},     {"turns.csv", &turns_},
        {"triggers.csv", &triggers_},     {"vetoes.csv", &vetoes_},   {"spikes.csv", &spikes_},
        {"population.csv", &population_}, {"session.csv", &session_}, {"tracked_heading.csv", &tracked_}};
    for (const auto& [name, table] : tables) {
      report_.rows[name] = table->rows;
      table->file.commit();
    }
  }

  record::McapReader& log_;
  bool unblind_;
  Table heading_, sleep_, turns_, triggers_, vetoes_, spikes_, population_, session_, tracked_;
  v1::InputBatch batch_;
  v1::Heading heading_message_;
  std::vector<v1::Trigger> waiting_triggers_;
  std::map<std::uint32_t, OutputResult> results_;  ///< the last, by trigger
  record::McapMap about_;
  ExportReport report_;
};

}  // namespace

ExportReport export_csv(record::McapReader& log, const ExportOptions& options,
                        const std::function<void(std::uint64_t)>& progress) {
  std::filesystem::create_directories(options.directory);
  return CsvExport(log, options).run(progress);
}

}  // namespace vturn::tools
