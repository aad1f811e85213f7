#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/core/expected.hpp"
#include "daemon/core/types.hpp"

namespace vturn::settings {

// The rig file (DESIGN §7) as plain values, checked: every number is in its range, every name refers to something that
// exists. Times keep the unit of their key.

/// How a source that tracks head direction says it.
struct Tracker {
  std::string format = "json";              ///< tracking: json | osc
  std::string osc_address = "/heading";     ///< of the heading or both points, or of the front point
  std::string osc_back_address;             ///< of the back point; "" = in the same message
  std::string osc_content = "heading_rad";  ///< heading_rad | heading_deg | points
  double offset_deg = 0.0;                  ///< added to every heading, counter-clockwise positive
  double min_distance = 0.0;                ///< between the two points, in the tracker's unit
  std::string heading_from;                 ///< open_ephys, of an IMU stream: "" = none | euler | quaternion
  std::string yaw;                          ///< clockwise | counterclockwise: the turn, from above, in which it grows
};

/// What vturnd tells Intan RHX, and how it holds on to it.
struct Rhx {
  std::vector<std::string> spike_channels;      ///< "A-004" or "A-000..A-031"
  std::vector<std::string> waveform_channels;   ///< wide bands to stream beside the signals
  double threshold_uv = 0.0;                    ///< of all of them; 0 = as set in RHX
  std::map<std::string, double> thresholds_uv;  ///< of single ones
  std::string run = "join";                     ///< join | run | record
  bool digital_in = true;                       ///< take the digital inputs as TTL lines
  bool keep_sockets = true;                     ///< they outlive vturnd
  bool live_notes = true;                       ///< marks in RHX's own recording
};

struct Source {
  std::string name;
  std::string type;                    ///< plugin: open_ephys | intan_rhx | tracking | path of a .so
  std::string clock;                   ///< "master", "ttl:LINE" (0-based) or "arrival"
  std::string address;                 ///< "" = where its type and feed usually are
  std::string feed = "zmq_interface";  ///< zmq_interface | event_broadcaster | falcon
  std::string http = "http://127.0.0.1:37497";
  std::string stream;  ///< "" = the first one seen
  std::string listen = "127.0.0.1:5700";
  std::string order = "burst";  ///< burst | hold | arrival
  double sample_rate_hz = 0.0;  ///< 0 = ask the GUI
  double hold_ms = 20.0;
  double speed = 1.0;  ///< session seconds per wall second of an accelerated run
  bool heartbeat = false;
  std::int64_t queue_capacity = 65536;
  Tracker tracker;
  Rhx rhx;
  [[nodiscard]] bool is_master() const { return clock == "master"; }
  [[nodiscard]] bool tracks_heading() const { return type == "tracking" || !tracker.heading_from.empty(); }
  /// Units come from it. A tracker beside the recording, continuous feeds and an RHX without spike channels have none.
  [[nodiscard]] bool carries_spikes() const {
    if (tracks_heading() && !is_master()) return false;
    if (type == "intan_rhx") return !rhx.spike_channels.empty();
    return type != "tracking" && feed != "falcon";
  }
};

struct Units {
  std::string from = "electrode";
  std::string pattern = "Electrode {}";
  std::int64_t first = 1;
  std::map<std::string, std::int64_t> map;
};

struct Heading {
  std::string model;
  std::string image_y = "down";
  std::string kernel = "automatic";
};

struct Sleep {
  std::string model;
  double stimulus_blank_ms = 100.0;  ///< after a pulse, in which brain and muscle signals are not used
  std::string theta, slow, emg;      ///< "SOURCE/CHANNEL" or ""
  std::vector<std::string> motion;   ///< up to three axes
  std::vector<std::string> emg_lfp;  ///< none, or two to six channels far apart: muscle tone from 300-600 Hz
};

struct Turns {
  std::string detector = "log_odds";  ///< log_odds | cusum
  double false_alarms_per_minute = 1.0;
  double log_odds = 0.0;    ///< 0 = from the model's table
  double cusum_nats = 0.0;  ///< 0 = from the model's table
  double refractory_ms = 200.0;
  double min_evidence_nats_per_spike = 0.0;
  double min_spikes_per_s = 10.0;
};

struct Population {
  std::string cells;  ///< CSV unit,side; "" = off
  double false_events_per_minute = 0.5;
  double threshold_sd = 0.0;  ///< 0 = from false_events_per_minute
  double kernel_ms = 50.0;
  double refractory_ms = 300.0;
  std::int64_t min_cells = 5;
};

struct Rule {
  std::string name;
  std::string when;               ///< turn | population | sleep
  std::string direction = "any";  ///< clockwise | counterclockwise | any
  std::string state = "REM";      ///< WAKE | NREM | REM
  double min_state_probability = 0.9;
  std::map<std::string, double> arms{{"stim", 1.0}};
  double delay_ms = 1000.0;
  std::string output;
  double refractory_ms = 500.0;
  std::int64_t max_per_minute = 30;
  std::int64_t max_per_session = 2000;
  double max_decision_age_ms = 20.0;
  double min_evidence_nats_per_spike = 0.0;
  double dwell_s = 0.0;
  double valid_ms = 50.0;
};

struct Output {
  std::string name;
  std::string type;  ///< plugin: mock | udp | intan_rhx | path of a .so
  double pulse_ms = 10.0;
  std::string address = "127.0.0.1:5701";
  bool allow_remote = false;
  std::string file;
  std::string source;  ///< whose connection it shares: a [[source]] of the same type
  std::string key = "F1";
  std::string channel, confirm;
};

struct Limits {
  double duty_max = 0.05;
  std::int64_t max_per_session = 5000;
  std::int64_t max_inhibits_per_hour = 600;
  double gap_hold_ms = 1000.0;
  double movement_hold_ms = 1000.0;
  double evidence_hold_ms = 500.0;
  double clock_hold_ms = 1000.0;
  double record_hold_ms = 1000.0;
  bool no_motion_acknowledged = false;
  std::int64_t seed = 1;
  bool blinded = false;
};

struct Record {
  std::string directory = "sessions";
  std::string file;  ///< fixed path instead of DIRECTORY/SESSION_ID.mcap
  bool enabled = true;
  double buffer_s = 60.0;
};

struct Publish {
  std::string address = "tcp://127.0.0.1:5600";
  bool allow_remote = false;
  std::string curve_secret_key_file;
};

struct Control {
  std::string address = "tcp://127.0.0.1:5601";
  bool allow_remote = false;
  std::string curve_secret_key_file;
};

struct Realtime {
  std::int64_t decision_priority = 80;
  std::int64_t reader_priority = 82;
  std::int64_t zmq_priority = 85;
  bool lock_memory = true;
};

struct Rig {
  std::string file;
  std::string text;  ///< the file as read: an attachment of the log, hashed into every trigger
  std::string name = "rig";
  std::vector<Source> sources;
  Units units;
  Heading heading;
  Sleep sleep;
  Turns turns;
  Population population;
  std::vector<Rule> rules;
  std::vector<Output> outputs;
  Limits limits;
  Record record;
  Publish publish;
  Control control;
  Realtime realtime;

  /// Distinct signals named by [sleep].channels, in the order theta, slow, emg, motion, emg_lfp: LfpInput::signal
  /// indexes it.
  [[nodiscard]] std::vector<std::string> signals() const;
  /// Whether this signal is needed up to 600 Hz.
  [[nodiscard]] bool wide(const std::string& signal) const;
  [[nodiscard]] SourceIndex master() const;
  [[nodiscard]] bool tracks_heading() const {
    return std::any_of(sources.begin(), sources.end(), [](const Source& source) { return source.tracks_heading(); });
  }
  /// Path as written in the rig file, relative to that file's folder.
  [[nodiscard]] std::string resolve(const std::string& path) const;
};

/// A rig file's or model's text, at most `most_mib` MiB; `expected` ends the error about a larger one.
Expected<std::string> read_text(const std::string& path, std::uintmax_t most_mib, const std::string& expected);

/// Parses and checks a rig file's text. The error is one line: FILE:LINE: KEY: what is wrong, what is allowed.
Expected<Rig> parse_rig(const std::string& text, const std::string& file);
Expected<Rig> load_rig(const std::string& file);

}  // namespace vturn::settings
