#include "tools/commands/monitor_view.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/angle.hpp"
#include "daemon/core/format.hpp"

namespace vturn::tools {
namespace {

double degrees(double angle_rad) { return angle_rad * 180.0 / kPi; }

std::string line(const v1::Heading& m) {
  return format(
      "%5.1f° (95 %% within %.0f°)  rest %.2f left %.2f right %.2f  %+.0f°/s  evidence %+.3f nats/spike (without a "
      "ring "
      "%+.3f)  %.0f spikes/s",
      degrees(m.angle_rad()), degrees(m.credible_95_rad()), m.p_rest(), m.p_left(), m.p_right(),
      degrees(m.angular_velocity_rad_s()), m.evidence_nats_per_spike(), m.twin_evidence_nats_per_spike(),
      m.spikes_per_s());
}

std::string line(const v1::Sleep& m) {
  return words(m.state()) + format(" for %.0f s  wake %.2f nrem %.2f rem %.2f  motion %.1f%s  quality %.2f",
                                   m.time_in_state_s(), m.p_wake(), m.p_nrem(), m.p_rem(), m.motion(),
                                   m.moving() ? " MOVING" : "", m.quality());
}

std::string line(const v1::Turn& m) {
  return words(m.direction()) +
         format(" %s  %+.0f° so far, peak %+.0f°/s  log odds %.1f  in ",
                m.phase() == v1::TURN_PHASE_END ? "ended" : "begins", degrees(m.angle_rad()),
                degrees(m.peak_velocity_rad_s()), m.log_odds()) +
         words(m.sleep_state());
}

std::string line(const v1::Population& m) {
  return words(m.side()) + format(" cells  %.0f Hz  z %.1f  coupling %.2f (%.2f-%.2f)  shuffled %.2f (%.2f-%.2f)",
                                  m.rate_hz(), m.z(), m.coupling(), m.coupling_low(), m.coupling_high(), m.shuffled(),
                                  m.shuffled_low(), m.shuffled_high());
}

template <class Message>
std::string cause(const Message& m) {
  if (m.has_turn()) return "turn " + words(m.turn().direction());
  if (m.has_population()) return "population " + words(m.population().side());
  return m.has_sleep() ? "sleep " + words(m.sleep().state()) : "no cause";
}

const char* arm(const v1::Trigger& m) {
  if (!m.has_arm()) return "blinded";
  if (m.arm() == v1::ARM_STIM) return "stim";
  return m.arm() == v1::ARM_SHAM ? "sham" : "delayed";
}

std::string line(const v1::Trigger& m) {
  const auto since_receive_us = [&m](std::int64_t hop_ns) {
    return hop_ns == 0 ? 0.0 : static_cast<double>(hop_ns - m.hops().kernel_receive_ns()) * 1e-3;
  };
  return format("#%u %s -> %s  %s %.1f ms  ", m.trigger_id(), m.rule().c_str(), m.output().c_str(), arm(m),
                m.pulse_ms()) +
         cause(m) +
         format("  p %.2f  received to output %.0f us, to published %.0f us", m.p_state(),
                since_receive_us(m.hops().output_ns()), since_receive_us(m.hops().published_ns()));
}

std::string line(const v1::Veto& m) {
  return m.rule() + ": " + words(m.reason()) + " (" + m.detail() + ")  " + cause(m);
}

/// What the change means to whoever runs the session.
std::string advice(v1::SessionChange change) {
  if (change == v1::SESSION_CHANGE_TUNING_LOST) return ": CALIBRATE AGAIN in this wake";
  return change == v1::SESSION_CHANGE_FRAME_ROTATED ? ": turns are not affected" : "";
}

std::string line(const v1::Session& m) {
  std::string text = words(m.change()) + advice(m.change());
  if (m.reason() != v1::VETO_REASON_UNSPECIFIED) text += ": " + words(m.reason());
  if (!m.source().empty()) text += "  source " + m.source();
  if (m.count() != 0 && m.change() < v1::SESSION_CHANGE_TUNING_LOST) text += "  count " + std::to_string(m.count());
  if (m.change() == v1::SESSION_CHANGE_ARMED) text += " until " + session_clock(m.value_ns());
  if (m.change() == v1::SESSION_CHANGE_INHIBIT_OFF) text += format(" after %.1f s", seconds(m.value_ns()));
  if (m.request() != 0) text += "  request " + std::to_string(m.request());
  return m.text().empty() ? text : text + "  \"" + m.text() + "\"";
}

std::string inhibits(const v1::Health& m) {
  std::string text;
  for (const int reason : m.inhibits()) text += (text.empty() ? "" : ", ") + words(static_cast<v1::VetoReason>(reason));
  return text.empty() ? "none" : text;
}

std::string undetectable(const v1::Health& m) {
  std::string text;
  for (const int side : m.undetectable_sides())
    text += "  " + words(static_cast<v1::Direction>(side)) + " UNDETECTABLE";
  if (m.sleep_gains_refused()) text += "  SLEEP GAINS REFUSED";
  return text;
}

std::uint64_t lost(const v1::Health& m) {
  std::uint64_t sum = 0;
  for (const auto& source : m.sources()) sum += source.messages_lost();
  return sum;
}

std::string line(const v1::Health& m) {
  return format("%s  inhibits: ", m.armed() ? "armed" : "disarmed") + inhibits(m) +
         format("  spikes %llu, late %llu, lost messages %llu  queue %llu (most %llu)  triggers %llu, vetoes %llu",
                static_cast<unsigned long long>(m.spikes()), static_cast<unsigned long long>(m.late_spikes()),
                static_cast<unsigned long long>(lost(m)), static_cast<unsigned long long>(m.queue_depth()),
                static_cast<unsigned long long>(m.queue_high_water()), static_cast<unsigned long long>(m.triggers()),
                static_cast<unsigned long long>(m.vetoes())) +
         undetectable(m) + (m.recording() ? "" : "  NOT RECORDED");
}

std::string figures(const v1::Calibration& m) {
  return m.model_file() +
         format(": %u units, cross-validated median error %.1f° (90 %%: %.1f°; memoryless 200 ms: %.1f°)",
                m.model_units(), m.median_abs_error_deg(), m.p90_abs_error_deg(),
                m.memoryless_200ms_median_abs_error_deg());
}

std::string collected(const v1::Calibration& m) {
  constexpr float kVisitedS = 1.0F;
  const auto sectors = std::count_if(m.sector_s().begin(), m.sector_s().end(), [](float s) { return s >= kVisitedS; });
  std::string text =
      format("%.0f s of heading, %td of 12 sectors, %llu spikes, %u of %u units with enough", m.heading_s(), sectors,
             static_cast<unsigned long long>(m.spikes()), m.units_ready(), m.units());
  if (m.lost() > 0) text += format("  LOST %llu", static_cast<unsigned long long>(m.lost()));
  if (m.full()) text += "  FULL: stop now";
  if (m.waits_for_wake()) text += "  waits for wake";
  return text + (m.missing().empty() ? "  nothing is missing" : "  missing: " + m.missing());
}

std::string line(const v1::Calibration& m) {
  std::string text = words(m.state()) + "  ";
  switch (m.state()) {
    case v1::CALIBRATION_STATE_COLLECTING:
      return text + collected(m);
    case v1::CALIBRATION_STATE_FITTING:
      return text + format("%.0f %%", 100.0 * m.share_fitted());
    case v1::CALIBRATION_STATE_DONE:
      return text + figures(m);
    case v1::CALIBRATION_STATE_REFUSED:
      return text + m.reason();
    default:
      return text;
  }
}

std::string body(const Published& published) {
  const auto& m = *published.message;
  switch (published.topic) {
    case wire::Topic::kHeading:
      return line(static_cast<const v1::Heading&>(m));
    case wire::Topic::kSleep:
      return line(static_cast<const v1::Sleep&>(m));
    case wire::Topic::kTurn:
      return line(static_cast<const v1::Turn&>(m));
    case wire::Topic::kPopulation:
      return line(static_cast<const v1::Population&>(m));
    case wire::Topic::kTrigger:
      return line(static_cast<const v1::Trigger&>(m));
    case wire::Topic::kVeto:
      return line(static_cast<const v1::Veto&>(m));
    case wire::Topic::kSession:
      return line(static_cast<const v1::Session&>(m));
    case wire::Topic::kHealth:
      return line(static_cast<const v1::Health&>(m));
    case wire::Topic::kCalibration:
      return line(static_cast<const v1::Calibration&>(m));
    case wire::Topic::kNone:
      break;
  }
  return {};
}

std::string bar(double fraction, std::size_t width) {
  const double full = std::clamp(std::isfinite(fraction) ? fraction : 0.0, 0.0, 1.0);
  std::string text(width, '.');
  std::fill_n(text.begin(), static_cast<std::size_t>(std::lround(full * static_cast<double>(width))), '#');
  return text;
}

// The circle unrolled, 0° at the left, growing counter-clockwise; '#' where the heading points.
std::string compass(double angle_rad) {
  constexpr std::size_t kWidth = 48;
  std::string text(kWidth, '-');
  for (std::size_t quarter = 0; quarter < 4; ++quarter) text[quarter * kWidth / 4] = '|';
  const double turn = std::isfinite(angle_rad) ? wrap_angle(angle_rad) / kTwoPi : 0.0;
  text[std::min(kWidth - 1, static_cast<std::size_t>(turn * kWidth))] = '#';
  return "0°" + text + "360°";
}

std::string tuning_line(const v1::Tuning& m) {
  if (m.state() == v1::TUNING_STATE_UNKNOWN) return "";
  const char* what = m.state() == v1::TUNING_STATE_LOST      ? "LOST: calibrate again in this wake"
                     : m.state() == v1::TUNING_STATE_ROTATED ? "good, but the frame has rotated (harmless to turns)"
                                                             : "good";
  return format("tuning   %s  error %.1f°, about the frame %.1f° (%.1f° expected), frame %+.1f°\n", what,
                m.median_abs_error_deg(), m.scatter_deg(), m.expected_deg(), m.rotation_deg());
}

std::string source_line(const v1::SourceHealth& m) {
  return format(
      "  %-12s %s  messages %llu (malformed %llu, lost %llu)  spikes %llu  clock ±%.2f ms\n", m.name().c_str(),
      m.alive() ? "alive " : "SILENT", static_cast<unsigned long long>(m.messages_received()),
      static_cast<unsigned long long>(m.messages_malformed()), static_cast<unsigned long long>(m.messages_lost()),
      static_cast<unsigned long long>(m.spikes_received()), m.clock_uncertainty_ms());
}

std::string latency_line(const v1::HopLatency& m) {
  return format("  %-22s p50 %8.1f  p99 %8.1f  p99.9 %8.1f  max %9.1f us\n", m.hop().c_str(), m.p50_us(), m.p99_us(),
                m.p999_us(), m.max_us());
}

}  // namespace

std::string describe(const Published& published) {
  return session_clock(published.header().session_time_ns()) + "  " +
         format("%-10s ", std::string(wire::topic_name(published.topic)).c_str()) + body(published) +
         (published.header().retained() ? "  [retained]" : "");
}

void MonitorView::take(const Published& published) {
  session_id_ = published.header().session_id();
  session_time_ns_ = std::max(session_time_ns_, published.header().session_time_ns());
  switch (published.topic) {
    case wire::Topic::kHeading:
      heading_ = static_cast<const v1::Heading&>(*published.message);
      return;
    case wire::Topic::kSleep:
      sleep_ = static_cast<const v1::Sleep&>(*published.message);
      return;
    case wire::Topic::kCalibration:
      calibration_ = static_cast<const v1::Calibration&>(*published.message);
      return;
    case wire::Topic::kHealth:
      health_ = static_cast<const v1::Health&>(*published.message);
      return;
    default:
      events_.push_back(describe(published));
  }
  if (events_.size() > kEvents) events_.pop_front();
}

void MonitorView::missed(wire::Topic topic, std::uint64_t count) {
  missed_ += count;
  events_.push_back(format("%llu messages of %s missed by this monitor", static_cast<unsigned long long>(count),
                           std::string(wire::topic_name(topic)).c_str()));
  if (events_.size() > kEvents) events_.pop_front();
}

std::string MonitorView::render(double silent_s) const {
  std::string text = "vturn " + session_id_ + "  " + session_clock(session_time_ns_);
  if (health_) text += health_->armed() ? "  ARMED" : "  disarmed";
  if (silent_s > 2.0) text += format("  NOTHING HEARD FOR %.0f s", silent_s);
  text += "\n";
  if (sleep_) {
    text += "sleep    " + line(*sleep_) + "\n";
    text += "         wake " + bar(sleep_->p_wake(), 12) + "  nrem " + bar(sleep_->p_nrem(), 12) + "  rem " +
            bar(sleep_->p_rem(), 12) + "\n";
  }
  if (heading_) text += "heading  " + line(*heading_) + "\n         " + compass(heading_->angle_rad()) + "\n";
  if (calibration_) text += "calibr.  " + line(*calibration_) + "\n";
  if (health_) {
    text += tuning_line(health_->tuning());
    text += "health   " + line(*health_) + "\n";
    for (const auto& source : health_->sources()) text += source_line(source);
    for (const auto& latency : health_->latencies()) {
      if (latency.count() > 0) text += latency_line(latency);
    }
  }
  text += format("events   (missed by this monitor: %llu)\n", static_cast<unsigned long long>(missed_));
  for (const auto& event : events_) text += "  " + event + "\n";
  return text;
}

}  // namespace vturn::tools
