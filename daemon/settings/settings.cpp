#include "daemon/settings/settings.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "daemon/settings/references.hpp"
#include "daemon/settings/toml_section.hpp"

namespace vturn::settings {
namespace {

constexpr double kDayMs = 86'400'000.0;

void read_text_list(Section& section, const char* key, std::vector<std::string>& texts) {
  const toml::node* node = section.node(key);
  if (node == nullptr) return;
  const auto* list = node->as_array();
  if (list == nullptr) section.fail(key, "must be a list of texts in quotes");
  for (const auto& element : *list) {
    if (!element.is_string()) section.fail_at(element, key, "must hold text in quotes");
    texts.push_back(element.as_string()->get());
  }
}

void check_clock(Section& section, Source& source) {
  section.required_text("clock", source.clock);
  if (source.clock == "master" || source.clock == "arrival") return;
  const bool ttl =
      source.clock.starts_with("ttl:") && source.clock.size() > 4 && source.clock.size() < 8 &&
      std::all_of(source.clock.begin() + 4, source.clock.end(), [](char c) { return c >= '0' && c <= '9'; });
  const int line = ttl ? std::stoi(source.clock.substr(4)) : 0;
  if (!ttl || line > 255) {
    section.fail("clock", "is \"" + source.clock + "\"; allowed: master | arrival | ttl:LINE (LINE 0 .. 255)");
  }
}

void read_tracker(Section& section, Tracker& tracker) {
  section.choice("format", tracker.format, {"json", "osc"});
  section.text("osc_address", tracker.osc_address);
  section.text("osc_back_address", tracker.osc_back_address);
  section.choice("osc_content", tracker.osc_content, {"heading_rad", "heading_deg", "points"});
  section.real("offset_deg", tracker.offset_deg, -360.0, 360.0);
  section.real("min_distance", tracker.min_distance, 0.0, 1e6);
  section.choice("heading_from", tracker.heading_from, {"", "euler", "quaternion"});
  section.choice("yaw", tracker.yaw, {"", "clockwise", "counterclockwise"});
}

void read_rhx(Section& section, Rhx& rhx) {
  constexpr double kMostMicrovolts = 5000.0;  // RHX's own range
  read_text_list(section, "spike_channels", rhx.spike_channels);
  read_text_list(section, "waveform_channels", rhx.waveform_channels);
  section.real("threshold_uv", rhx.threshold_uv, -kMostMicrovolts, kMostMicrovolts);
  if (const toml::table* table = section.table("thresholds_uv")) {
    Section channels(*table, section.prefix() + ".thresholds_uv", section.file());
    for (const auto& [channel, value] : *table) {
      const std::string name(channel.str());
      channels.real(name.c_str(), rhx.thresholds_uv[name], -kMostMicrovolts, kMostMicrovolts);
    }
  }
  section.choice("run", rhx.run, {"join", "run", "record"});
  section.boolean("digital_in", rhx.digital_in);
  section.boolean("keep_sockets", rhx.keep_sockets);
  section.boolean("live_notes", rhx.live_notes);
}

Source read_source(Section& section) {
  Source source;
  section.required_text("name", source.name);
  if (source.name.find('/') != std::string::npos) section.fail("name", "must not contain '/'");
  section.required_text("type", source.type);
  check_clock(section, source);
  section.text("address", source.address);
  section.choice("feed", source.feed, {"zmq_interface", "event_broadcaster", "falcon"});
  section.text("http", source.http);
  section.text("stream", source.stream);
  section.text("listen", source.listen);
  section.choice("order", source.order, {"burst", "hold", "arrival"});
  section.real("sample_rate_hz", source.sample_rate_hz, 0.0, 200'000.0);
  section.real("hold_ms", source.hold_ms, 1.0, 1000.0);
  section.real("speed", source.speed, 0.01, 1000.0);
  section.boolean("heartbeat", source.heartbeat);
  read_tracker(section, source.tracker);
  read_rhx(section, source.rhx);
  section.integer("queue_capacity", source.queue_capacity, 1024, 4'194'304);
  section.finish();
  return source;
}

void read_units(Section& section, Units& units) {
  section.choice("from", units.from, {"electrode", "sorted_id"});
  section.text("pattern", units.pattern);
  if (units.pattern.find("{}") == std::string::npos) section.fail("pattern", "must contain {} where the number stands");
  section.integer("first", units.first, 0, kMaxUnits - 1);
  if (const toml::table* map = section.table("map")) {
    Section entries(*map, section.prefix() + ".map", section.file());
    for (const auto& [key, value] : *map) {
      std::int64_t unit = -1;
      entries.integer(std::string(key.str()).c_str(), unit, 0, kMaxUnits - 1);
      units.map[std::string(key.str())] = unit;
    }
  }
  section.finish();
}

void read_heading(Section& section, Heading& heading) {
  section.text("model", heading.model);
  section.choice("image_y", heading.image_y, {"up", "down"});
  section.choice("kernel", heading.kernel, {"automatic", "scalar", "avx2", "avx512"});
  section.finish();
}

void read_motion(Section& channels, Sleep& sleep) {
  const toml::node* motion = channels.node("motion");
  if (motion == nullptr) return;
  if (const auto* text = motion->as_string()) {
    if (!text->get().empty()) sleep.motion.push_back(text->get());
    return;
  }
  read_text_list(channels, "motion", sleep.motion);
  if (sleep.motion.size() > 3) channels.fail("motion", "must be \"SOURCE/CHANNEL\" or a list of at most 3");
}

void read_emg_lfp(Section& channels, Sleep& sleep) {
  read_text_list(channels, "emg_lfp", sleep.emg_lfp);
  const auto source = [](const std::string& signal) { return signal.substr(0, signal.find('/')); };
  const bool one_source = std::all_of(sleep.emg_lfp.begin(), sleep.emg_lfp.end(), [&](const std::string& signal) {
    return source(signal) == source(sleep.emg_lfp.front());
  });
  const std::set<std::string> distinct(sleep.emg_lfp.begin(), sleep.emg_lfp.end());
  if (distinct.size() != sleep.emg_lfp.size()) channels.fail("emg_lfp", "names a channel twice");
  if (sleep.emg_lfp.size() == 1 || sleep.emg_lfp.size() > 6 || !one_source)
    channels.fail("emg_lfp", "must be a list of 2 to 6 \"SOURCE/CHANNEL\" of one source, far apart");
}

void read_sleep(Section& section, Sleep& sleep) {
  section.text("model", sleep.model);
  section.real("stimulus_blank_ms", sleep.stimulus_blank_ms, 0.0, 5000.0);
  if (const toml::table* table = section.table("channels")) {
    Section channels(*table, section.prefix() + ".channels", section.file());
    channels.text("theta", sleep.theta);
    channels.text("slow", sleep.slow);
    channels.text("emg", sleep.emg);
    read_motion(channels, sleep);
    read_emg_lfp(channels, sleep);
    channels.finish();
  }
  section.finish();
}

void read_turns(Section& section, Turns& turns) {
  section.real("false_alarms_per_minute", turns.false_alarms_per_minute, 0.01, 60.0);
  section.choice("detector", turns.detector, {"log_odds", "cusum"});
  section.real("log_odds", turns.log_odds, 0.0, 50.0);
  section.real("cusum_nats", turns.cusum_nats, 0.0, 50.0);
  section.real("refractory_ms", turns.refractory_ms, 0.0, 10'000.0);
  section.real("min_evidence_nats_per_spike", turns.min_evidence_nats_per_spike, -10.0, 10.0);
  section.real("min_spikes_per_s", turns.min_spikes_per_s, 0.0, 10'000.0);
  section.finish();
}

void read_population(Section& section, Population& population) {
  section.text("cells", population.cells);
  section.real("false_events_per_minute", population.false_events_per_minute, 0.001, 60.0);
  section.real("threshold_sd", population.threshold_sd, 0.0, 20.0);
  section.real("kernel_ms", population.kernel_ms, 5.0, 500.0);
  section.real("refractory_ms", population.refractory_ms, 0.0, 10'000.0);
  section.integer("min_cells", population.min_cells, 1, 1000);
  section.finish();
}

void read_arms(Section& section, Rule& rule) {
  const toml::table* table = section.table("arms");
  if (table == nullptr) return;
  Section arms(*table, section.prefix() + ".arms", section.file());
  rule.arms.clear();
  double sum = 0.0;
  for (const char* arm : {"stim", "sham", "delayed"}) {
    double weight = 0.0;
    arms.real(arm, weight, 0.0, 1.0);
    if (weight > 0.0) rule.arms[arm] = weight;
    sum += weight;
  }
  arms.finish();
  if (std::abs(sum - 1.0) > 1e-6) section.fail("arms", "must add up to 1");
}

Rule read_rule(Section& section) {
  Rule rule;
  section.required_text("name", rule.name);
  section.required_text("when", rule.when);
  section.choice("when", rule.when, {"turn", "population", "sleep"});
  section.choice("direction", rule.direction, {"clockwise", "counterclockwise", "any"});
  section.choice("state", rule.state, {"WAKE", "NREM", "REM"});
  section.real("min_state_probability", rule.min_state_probability, 0.0, 1.0);
  read_arms(section, rule);
  section.real("delay_ms", rule.delay_ms, 1.0, 60'000.0);
  section.required_text("output", rule.output);
  section.real("refractory_ms", rule.refractory_ms, 0.0, kDayMs);
  section.integer("max_per_minute", rule.max_per_minute, 1, 6000);
  section.integer("max_per_session", rule.max_per_session, 1, 1'000'000);
  section.real("max_decision_age_ms", rule.max_decision_age_ms, 0.1, 1000.0);
  section.real("min_evidence_nats_per_spike", rule.min_evidence_nats_per_spike, -10.0, 10.0);
  section.real("dwell_s", rule.dwell_s, 0.0, 3600.0);
  section.real("valid_ms", rule.valid_ms, 1.0, 10'000.0);
  section.finish();
  return rule;
}

Output read_output(Section& section) {
  Output output;
  section.required_text("name", output.name);
  section.required_text("type", output.type);
  section.real("pulse_ms", output.pulse_ms, 0.1, 60'000.0);
  section.text("address", output.address);
  section.boolean("allow_remote", output.allow_remote);
  section.text("file", output.file);
  section.text("source", output.source);
  section.choice("key", output.key, {"F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8"});
  section.text("channel", output.channel);
  section.text("confirm", output.confirm);
  section.finish();
  return output;
}

void read_limits(Section& section, Limits& limits) {
  section.real("duty_max", limits.duty_max, 0.0001, 1.0);
  section.integer("max_per_session", limits.max_per_session, 1, 1'000'000);
  section.integer("max_inhibits_per_hour", limits.max_inhibits_per_hour, 1, 100'000);
  section.real("gap_hold_ms", limits.gap_hold_ms, 0.0, 60'000.0);
  section.real("movement_hold_ms", limits.movement_hold_ms, 0.0, 60'000.0);
  section.real("evidence_hold_ms", limits.evidence_hold_ms, 0.0, 60'000.0);
  section.real("clock_hold_ms", limits.clock_hold_ms, 0.0, 60'000.0);
  section.real("record_hold_ms", limits.record_hold_ms, 0.0, 60'000.0);
  section.boolean("no_motion_acknowledged", limits.no_motion_acknowledged);
  section.integer("seed", limits.seed, 0, INT64_MAX);
  section.boolean("blinded", limits.blinded);
  section.finish();
}

void read_record(Section& section, Record& record) {
  section.text("directory", record.directory);
  section.text("file", record.file);
  section.boolean("enabled", record.enabled);
  section.real("buffer_s", record.buffer_s, 60.0, 600.0);
  section.finish();
}

template <class Endpoint>
void read_endpoint(Section& section, Endpoint& endpoint) {
  section.text("address", endpoint.address);
  section.boolean("allow_remote", endpoint.allow_remote);
  section.text("curve_secret_key_file", endpoint.curve_secret_key_file);
  section.finish();
}

void read_realtime(Section& section, Realtime& realtime) {
  section.integer("decision_priority", realtime.decision_priority, 0, 98);
  section.integer("reader_priority", realtime.reader_priority, 0, 98);
  section.integer("zmq_priority", realtime.zmq_priority, 0, 98);
  section.boolean("lock_memory", realtime.lock_memory);
  section.finish();
}

/// Reads the table `key` when it is there.
template <class Value, class Read>
void read_table(Section& root, const char* key, Value& value, Read read) {
  if (const toml::table* table = root.table(key)) {
    Section section(*table, key, root.file());
    read(section, value);
  }
}

/// Reads each table of the list `key`; their names must differ.
template <class Value, class Read>
void read_list(Section& root, const char* key, std::size_t most, std::vector<Value>& values, Read read) {
  const toml::array* list = root.tables(key);
  if (list == nullptr) return;
  if (list->size() > most) root.fail(key, "has more than " + std::to_string(most) + " entries");
  std::set<std::string> names;
  for (const auto& element : *list) {
    Section section(*element.as_table(), key, root.file());
    values.push_back(read(section));
    if (!names.insert(values.back().name).second) section.fail("name", "\"" + values.back().name + "\" is used twice");
  }
}

Rig read_rig(const toml::table& table, const std::string& file) {
  Rig rig;
  Section root(table, "", file);
  read_table(root, "rig", rig, [](Section& section, Rig& value) {
    section.text("name", value.name);
    section.finish();
  });
  read_list(root, "source", kMaxSources, rig.sources, read_source);
  read_table(root, "units", rig.units, read_units);
  read_table(root, "heading", rig.heading, read_heading);
  read_table(root, "sleep", rig.sleep, read_sleep);
  read_table(root, "turns", rig.turns, read_turns);
  read_table(root, "population", rig.population, read_population);
  read_list(root, "rule", 64, rig.rules, read_rule);
  read_list(root, "output", 16, rig.outputs, read_output);
  read_table(root, "limits", rig.limits, read_limits);
  read_table(root, "record", rig.record, read_record);
  read_table(root, "publish", rig.publish, read_endpoint<Publish>);
  read_table(root, "control", rig.control, read_endpoint<Control>);
  read_table(root, "realtime", rig.realtime, read_realtime);
  root.finish();
  check_references(root, rig);
  return rig;
}

}  // namespace

std::vector<std::string> Rig::signals() const {
  std::vector<std::string> all;
  const auto add = [&all](const std::string& signal) {
    if (!signal.empty() && std::find(all.begin(), all.end(), signal) == all.end()) all.push_back(signal);
  };
  add(sleep.theta);
  add(sleep.slow);
  add(sleep.emg);
  for (const std::string& axis : sleep.motion) add(axis);
  for (const std::string& channel : sleep.emg_lfp) add(channel);
  return all;
}

bool Rig::wide(const std::string& signal) const {
  return std::find(sleep.emg_lfp.begin(), sleep.emg_lfp.end(), signal) != sleep.emg_lfp.end();
}

SourceIndex Rig::master() const {
  const auto found =
      std::find_if(sources.begin(), sources.end(), [](const Source& source) { return source.is_master(); });
  return static_cast<SourceIndex>(found - sources.begin());
}

std::string Rig::resolve(const std::string& path) const {
  if (path.empty() || path.front() == '/') return path;
  return (std::filesystem::path(file).parent_path() / path).string();
}

Expected<Rig> parse_rig(const std::string& text, const std::string& file) {
  try {
    Rig rig = read_rig(toml::parse(text, file), file);
    rig.file = file;
    rig.text = text;
    return rig;
  } catch (const toml::parse_error& error) {
    return Error{file + ":" + std::to_string(error.source().begin.line) + ": " + std::string(error.description())};
  } catch (const SettingsError& error) {
    return Error{error.what()};
  }
}

Expected<std::string> read_text(const std::string& path, std::uintmax_t most_mib, const std::string& expected) {
  std::error_code code;
  const auto size = std::filesystem::file_size(path, code);
  if (code) return Error{path + ": cannot be read: " + code.message()};
  if (size > most_mib << 20U) return Error{path + ": is larger than " + std::to_string(most_mib) + " MiB; " + expected};
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return Error{path + ": cannot be opened"};
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

Expected<Rig> load_rig(const std::string& file) {
  const auto text = read_text(file, 1, "a rig file is a few kilobytes");
  if (!text) return Error{text.error()};
  return parse_rig(*text, file);
}

}  // namespace vturn::settings
