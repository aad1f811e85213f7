#include "tools/commands/wake_input.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "daemon/record/session_log.hpp"
#include "daemon/record/session_reader.hpp"
#include "tools/commands/registry.hpp"
#include "tools/commands/session_sleep.hpp"
#include "tools/lib/csv.hpp"
#include "tools/lib/heading_csv.hpp"
#include "tools/lib/interrupt.hpp"

namespace vturn::tools {

namespace {

bool is_session(const std::string& file) { return file.ends_with(".mcap"); }

/// Spikes and tracked heading of a session log, on session time and as the engine took them.
WakeData read_session(const std::string& file) {
  auto session = record::SessionReader::open(file);
  if (!session) throw UsageError(session.error());
  WakeData data;
  for (auto item = session->next(); item != record::SessionReader::Item::kEnd; item = session->next()) {
    throw_if_interrupted();
    if (item != record::SessionReader::Item::kInput) continue;
    const InputEvent& input = session->input();
    if (input.kind == InputKind::kSpike && input.payload.spike.unit != kNoUnit)
      data.spikes.push_back({input.session_time_ns, input.payload.spike.unit});
    if (input.kind == InputKind::kHeading)
      data.heading.push_back({input.session_time_ns, input.payload.heading.angle_rad});
  }
  if (!session->stopped_by().empty()) std::fprintf(stderr, "warning: %s\n", session->stopped_by().c_str());
  if (data.heading.empty()) throw UsageError(file + ": no tracked heading was recorded in this session");
  const auto earlier = [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; };
  std::stable_sort(data.spikes.begin(), data.spikes.end(), earlier);
  std::stable_sort(data.heading.begin(), data.heading.end(), earlier);
  const auto same_time = [](const HeadingSample& a, const HeadingSample& b) { return a.time_ns == b.time_ns; };
  data.heading.erase(std::unique(data.heading.begin(), data.heading.end(), same_time), data.heading.end());
  return data;
}

SessionNs ns_of(double time_s) { return static_cast<SessionNs>(std::llround(time_s * 1e9)); }

/// A decision holds until the next, or a second when none comes.
std::vector<Stretch> awake(const std::vector<SleepDecision>& decisions) {
  std::vector<Stretch> stretches;
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    if (decisions[i].state != SleepState::kWake) continue;
    const SessionNs from_ns = ns_of(decisions[i].t_s);
    SessionNs to_ns = from_ns + kNsPerS;
    if (i + 1 < decisions.size()) to_ns = std::min(to_ns, ns_of(decisions[i + 1].t_s));
    if (!stretches.empty() && stretches.back().end_ns == from_ns) {
      stretches.back().end_ns = to_ns;
    } else {
      stretches.push_back({from_ns, to_ns});
    }
  }
  return stretches;
}

/// Tracked, without its holes.
double minutes_of(const std::vector<HeadingSample>& heading) {
  constexpr SessionNs kHoleNs = kNsPerS / 4;
  SessionNs sum_ns = 0;
  for (std::size_t row = 1; row < heading.size(); ++row) {
    const SessionNs since_ns = heading[row].time_ns - heading[row - 1].time_ns;
    if (since_ns <= kHoleNs) sum_ns += since_ns;
  }
  return seconds(sum_ns) / 60.0;
}

/// Spikes stay: what is fitted to the heading does not see those elsewhere, and a decoder goes on through them.
void keep_within(const std::vector<Stretch>& stretches, std::vector<HeadingSample>& heading) {
  auto stretch = stretches.begin();
  std::erase_if(heading, [&](const HeadingSample& row) {
    while (stretch != stretches.end() && stretch->end_ns <= row.time_ns) ++stretch;
    return stretch == stretches.end() || row.time_ns < stretch->begin_ns;
  });
}

/// By the sleep stage that ran with the session, when one did.
void keep_wake_of_session(const std::string& file, std::vector<HeadingSample>& heading) {
  const auto session = record::SessionReader::open(file);
  if (!session) throw UsageError(session.error());
  if (session->attachment(record::kSleepAttachment).empty()) {
    std::fprintf(stderr, "%s has no sleep model: all of it is taken for wake; name what is with --wake\n",
                 file.c_str());
    return;
  }
  const double all_minutes = minutes_of(heading);
  keep_within(awake(read_session_sleep(file)), heading);
  std::fprintf(stderr, "%s: %.1f of %.1f minutes of tracked heading kept, those that its sleep model calls wake\n",
               file.c_str(), minutes_of(heading), all_minutes);
  if (heading.empty()) throw UsageError(file + ": its sleep model calls none of the tracked heading wake; give --wake");
}

}  // namespace

std::vector<Stretch> read_intervals(const std::string& file) {
  CsvReader csv{std::filesystem::path(file)};
  const std::size_t begin = csv.column({"start_s", "from_s", "begin_s"});
  const std::size_t end = csv.column({"end_s", "to_s", "stop_s"});
  std::vector<Stretch> intervals;
  while (csv.next()) {
    const double begin_s = csv.real(begin), end_s = csv.real(end);
    if (!(begin_s > -1e9 && end_s < 1e9 && begin_s < end_s)) {
      throw csv.error_at(end, "the interval must end after it starts, both in seconds");
    }
    if (!intervals.empty() && ns_of(begin_s) < intervals.back().end_ns) {
      throw csv.error_at(begin, "the intervals must be in order of time and must not overlap");
    }
    intervals.push_back({ns_of(begin_s), ns_of(end_s)});
  }
  return intervals;
}

void WakeInput::add_to(CLI::App& app) {
  app.add_option("--spikes", spikes,
                 "CSV with unit,t_s; or a recording with spikes (Intan folder, Open Ephys Binary); or a session of "
                 "vturnd (.mcap), which holds the tracked heading too")
      ->required();
  app.add_option("--heading", heading,
                 "CSV of tracked heading with t_s and hd_rad (or heading_deg, ...); not with a session");
  auto* pulses = app.add_option("--heading-pulses", heading_pulses,
                                "CSV with t_s: rising edges of shared pulses on the heading's clock; without it the "
                                "heading's time 0 is the recording's first sample");
  auto* line = app.add_option("--pulse-line", pulse_line, "line of the recording that saw them, from 0")
                   ->check(CLI::Range(0, 255));
  pulses->needs(line);
  line->needs(pulses);
  app.add_option(
      "--wake", wake,
      "CSV with start_s,end_s on the spikes' clock: take the heading of these stretches only; without it, of a "
      "session with a sleep model, what that calls wake");
  recording.add_to(app);
  recording.add_units_to(app);
  app.add_option("--image-y", image_y, "direction of the tracker's y axis: down mirrors the angles")
      ->check(CLI::IsMember({"up", "down"}))
      ->capture_default_str();
  app.add_option(
      "--gyroscope", gyroscope,
      "CSV with t_s and gyro_rad_s or gyro_deg_s (about the vertical, counter-clockwise from above positive, "
      "the heading's clock, of a session its session time): confirms that left is left, and a mirrored track is "
      "refused");
}

WakeData WakeInput::read() const {
  WakeData data = read_all();
  if (!wake.empty()) {
    keep_within(read_intervals(wake), data.heading);
    if (data.heading.empty()) throw UsageError(wake + ": there is no tracked heading in these stretches");
  } else if (is_session(spikes)) {
    keep_wake_of_session(spikes, data.heading);
  }
  return data;
}

WakeData WakeInput::read_all() const {
  WakeData data;
  if (is_session(spikes)) {
    if (!heading.empty() || !heading_pulses.empty())
      throw UsageError(spikes + " is a session: its tracked heading is in it, leave --heading out");
    if (image_y == "down")
      throw UsageError(spikes +
                       " is a session: its rig file's image_y is in the headings already, leave --image-y out");
    return read_session(spikes);
  }
  if (heading.empty()) throw UsageError("give --heading: the tracked heading that goes with " + spikes);
  data.heading = read_heading_csv(heading, image_y == "down");
  if (!recordings::is_recording(spikes)) {
    if (!heading_pulses.empty()) throw UsageError("--heading-pulses needs a recording as --spikes");
    data.spikes = read_spikes_csv(spikes);
    return data;
  }
  const auto opened = recordings::open_recording(spikes, recording.open);
  data.spikes = spikes_of(*opened, recording);
  if (!heading_pulses.empty()) data.heading_clock = align_heading(data.heading, heading_pulses, pulse_line, *opened);
  return data;
}

std::optional<HandednessCheck> WakeInput::check_gyroscope(const WakeData& data) const {
  if (gyroscope.empty()) return std::nullopt;
  auto turned = read_gyroscope_csv(gyroscope);
  if (data.heading_clock) {
    for (GyroscopeSample& row : turned) row.time_ns = moved(row.time_ns, *data.heading_clock);
  }
  const HandednessCheck check = compare_with_gyroscope(data.heading, turned);
  char told[96];
  std::snprintf(told, sizeof told, "correlation %.2f over %zu windows in which the head turned", check.correlation,
                check.windows);
  if (check.mirrored()) {
    const bool session = heading.empty();
    throw UsageError((session ? spikes : heading) + " is mirrored: it turns against the gyroscope of " + gyroscope +
                     " (" + told + "); " +
                     (session ? "image_y of its rig file is wrong (export it as CSV and give --image-y down)"
                              : "state the image's axis with --image-y") +
                     ", or the gyroscope's sign is wrong");
  }
  if (!check.confirms()) {
    std::fprintf(stderr, "warning: the gyroscope of %s does not tell the side (%s): check clock and axis\n",
                 gyroscope.c_str(), told);
  }
  return check;
}

}  // namespace vturn::tools
