#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "daemon/ingest/session_clock.hpp"
#include "daemon/ingest/source_clock.hpp"

namespace vturn::test {

/// A SessionClock seen as a source sees it.
class DirectMaster final : public ingest::MasterClock {
 public:
  explicit DirectMaster(const ingest::SessionClock& clock) : clock_(clock) {}
  Mapped map(MonoNs mono_ns) const noexcept override {
    const auto mapped = clock_.map(mono_ns);
    return {{mapped.session_ns, mapped.uncertainty_ns}, mapped.epoch_plus_one};
  }
  std::uint32_t ttl_edges(std::uint32_t line, std::uint64_t& cursor, SessionNs* edges,
                          std::uint32_t capacity) const noexcept override {
    return clock_.ttl_edges(line, cursor, edges, capacity);
  }

 private:
  const ingest::SessionClock& clock_;
};

/// A recording device with a crystal of its own: reads `offset + t * (1 + drift) + wander`, quantised to its samples.
struct Device {
  double offset_s = 0;
  double drift = 0;
  double wander = 0;  ///< amplitude of a slow (1 h) swing of the drift
  double sample_rate_hz = 30000;
  double jump_s = 0;  ///< added from jump_at_s on: an undetected loss or insertion of samples
  double jump_at_s = std::numeric_limits<double>::infinity();

  [[nodiscard]] double reading_s(double true_s) const {
    const double turn_s = 3600.0;
    const double phase = 2 * M_PI * true_s / turn_s;
    const double swing = wander * turn_s / (2 * M_PI) * (1 - std::cos(phase));
    return offset_s + true_s * (1 + drift) + swing + (true_s >= jump_at_s ? jump_s : 0.0);
  }
  [[nodiscard]] std::int64_t reading_ns(double true_s) const {
    const double samples = std::floor(reading_s(true_s) * sample_rate_hz);
    return static_cast<std::int64_t>(std::llround(samples / sample_rate_hz * 1e9));
  }
};

/// How blocks travel: a delay of 7-25 ms, now and then a stall of 50-300 ms that holds the following ones up as well.
struct Delivery {
  double block_s = 0.02;
  double delay_min_s = 0.007;
  double delay_max_s = 0.025;
  double stall_probability = 0.002;
};

/// The blocks of one device in order: when each ends, and when it arrives.
class Blocks {
 public:
  Blocks(Delivery delivery, std::uint64_t seed, double phase_s) : delivery_(delivery), random_(seed), end_s_(phase_s) {
    advance();
  }
  [[nodiscard]] double end_s() const { return end_s_; }
  [[nodiscard]] double arrival_s() const { return arrival_s_; }
  void advance() {
    end_s_ += delivery_.block_s;
    double delay = uniform(delivery_.delay_min_s, delivery_.delay_max_s);
    if (uniform(0, 1) < delivery_.stall_probability) delay += uniform(0.05, 0.3);
    arrival_s_ = std::max(arrival_s_, end_s_ + delay);
  }
  Delivery& delivery() { return delivery_; }

 private:
  double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }
  Delivery delivery_;
  std::mt19937_64 random_;
  double end_s_;
  double arrival_s_ = 0;
};

/// Pulses that go to both devices; some are lost on one side, and some edges are noise on one side.
struct Pulses {
  double interval_s = 1.0;
  double interval_jitter_s = 0.0;
  double lost = 0.02;
  double extra = 0.01;
  double stop_s = std::numeric_limits<double>::infinity();
};

/// What the mapping said against the truth, from `from_s` on.
struct MappingFigures {
  double max_error_ms = 0;
  double max_uncertainty_ms = 0;
  double mean_uncertainty_ms = 0;
  double worst_uncovered_ms = 0;  ///< error beyond the uncertainty published with it
  double largest_step_back_ms = 0;
  std::uint64_t mapped = 0;
};

class TwoSources {
 public:
  Device master{.offset_s = 3.0};
  Device other{.offset_s = 5000.0, .drift = 50e-6, .wander = 2e-6};
  Delivery master_delivery, other_delivery;
  Pulses pulses;
  ingest::SourceClockSettings settings;
  std::uint64_t seed = 1;
  double measured_from_s = 0;

  /// Runs to `until_s`; `each(true_s, error_ms, uncertainty_ms)` at every block of the other source.
  template <class Each>
  MappingFigures run(double until_s, Each&& each) {
    ingest::SessionClock session;
    const DirectMaster view(session);
    ingest::SourceClock clock(settings, view);
    Blocks from_master(master_delivery, seed, 0.0), from_other(other_delivery, seed + 1, 0.003);
    Edges master_edges(pulses, seed + 2), other_edges(pulses, seed + 3);
    MappingFigures figures;
    std::int64_t last_own = 0, last_session = 0;
    while (from_other.end_s() < until_s) {
      if (from_master.arrival_s() < from_other.arrival_s()) {
        master_edges.until(from_master.end_s(), [&](double t) { session.ttl_edge(0, master.reading_ns(t)); });
        session.publish(mono(from_master.arrival_s()), master.reading_ns(from_master.end_s()), 0);
        from_master.advance();
        continue;
      }
      const std::int64_t own = other.reading_ns(from_other.end_s());
      clock.observe(own, mono(from_other.arrival_s()));
      other_edges.until(from_other.end_s(), [&](double t) { clock.ttl_edge(0, other.reading_ns(t)); });
      const auto mapped = clock.map(own);
      const double error_ms =
          (static_cast<double>(mapped.session_ns) * 1e-9 - master.reading_s(from_other.end_s())) * 1e3;
      const double uncertainty_ms = static_cast<double>(mapped.uncertainty_ns) * 1e-6;
      if (from_other.end_s() >= measured_from_s) {
        note(figures, error_ms, uncertainty_ms);
        if (last_session != 0 && own > last_own)
          figures.largest_step_back_ms =
              std::max(figures.largest_step_back_ms, static_cast<double>(last_session - mapped.session_ns) * 1e-6);
        last_own = own;
        last_session = mapped.session_ns;
      }
      each(from_other.end_s(), error_ms, uncertainty_ms);
      adjust(from_other.end_s(), from_master, from_other);
      from_other.advance();
    }
    figures.mean_uncertainty_ms /= static_cast<double>(std::max<std::uint64_t>(figures.mapped, 1));
    return figures;
  }
  MappingFigures run(double until_s) {
    return run(until_s, [](double, double, double) {});
  }

  /// From this moment on the other source's blocks travel so.
  double changed_at_s = std::numeric_limits<double>::infinity();
  Delivery changed_delivery;

 private:
  /// The pulses as one device records them: both share the train, each loses and invents its own.
  class Edges {
   public:
    Edges(Pulses pulses, std::uint64_t seed) : pulses_(pulses), train_(99), own_(seed) { next(); }
    template <class Emit>
    void until(double end_s, Emit&& emit) {
      while (next_s_ <= end_s && next_s_ < pulses_.stop_s) {
        if (chance() >= pulses_.lost) emit(next_s_);
        const double noise_s = next_s_ + chance() * pulses_.interval_s;
        if (chance() < pulses_.extra && noise_s <= end_s) emit(noise_s);
        next();
      }
    }

   private:
    double chance() { return std::uniform_real_distribution<double>(0, 1)(own_); }
    void next() {
      next_s_ += pulses_.interval_s + pulses_.interval_jitter_s * std::uniform_real_distribution<double>(-1, 1)(train_);
    }
    Pulses pulses_;
    std::mt19937_64 train_, own_;
    double next_s_ = 0.25;
  };

  static MonoNs mono(double true_s) { return static_cast<MonoNs>(std::llround((true_s + 1000.0) * 1e9)); }
  static void note(MappingFigures& figures, double error_ms, double uncertainty_ms) {
    figures.max_error_ms = std::max(figures.max_error_ms, std::fabs(error_ms));
    figures.max_uncertainty_ms = std::max(figures.max_uncertainty_ms, uncertainty_ms);
    figures.mean_uncertainty_ms += uncertainty_ms;
    figures.worst_uncovered_ms = std::max(figures.worst_uncovered_ms, std::fabs(error_ms) - uncertainty_ms);
    ++figures.mapped;
  }
  void adjust(double now_s, Blocks&, Blocks& from_other) const {
    if (now_s >= changed_at_s) from_other.delivery() = changed_delivery;
  }
};

}  // namespace vturn::test
