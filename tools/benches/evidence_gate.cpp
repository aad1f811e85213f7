#include "tools/benches/evidence_gate.hpp"

#include <algorithm>
#include <limits>

#include "daemon/decode/heading_filter.hpp"
#include "tools/benches/detection_session.hpp"

namespace vturn::benches {
namespace {

constexpr SessionNs kWindowNs = 250 * kNsPerMs;

/// Evidence per spike of one filter, window after window.
class Watched {
 public:
  explicit Watched(const HeadingModel& model) {
    filter_.prepare(model);
    filter_.set_dynamics(Dynamics::kRem);
  }
  void spike(const SpikeSample& spike) { filter_.spike(spike.time_ns, spike.unit); }
  void look(SessionNs now_ns) {
    filter_.advance(now_ns);
    const double nats = filter_.total_evidence_nats() - nats_;
    const std::uint64_t spikes = filter_.spikes() - spikes_;
    nats_ += nats;
    spikes_ += spikes;
    if (now_ns < kNsPerS) return;  // the heading is still unknown
    window.push_back(nats / static_cast<double>(std::max<std::uint64_t>(spikes, 1)));
    output.push_back(static_cast<double>(filter_.estimate().evidence_nats_per_spike));
  }

  std::vector<double> window, output;

 private:
  HeadingFilter filter_;
  double nats_ = 0.0;
  std::uint64_t spikes_ = 0;
};

}  // namespace

double area_under_roc(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.empty() || b.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sorted = b;
  std::sort(sorted.begin(), sorted.end());
  double sum = 0.0;
  for (const double value : a) {
    const auto below = std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
    const auto not_above = std::upper_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
    sum += 0.5 * static_cast<double>(below + not_above);
  }
  return sum / (static_cast<double>(a.size()) * static_cast<double>(b.size()));
}

GateRun gate_run(const GateSettings& settings, const std::function<void(double)>& progress) {
  GateRun run;
  for (std::size_t i = 0; i < settings.permutations; ++i) {
    const std::uint64_t seed = (settings.seed * 1000 + i) * 1000 + 500;
    HeadingModel cells = random_ring(settings.cells, kBenchWake, seed);
    cells.evidence_tau_s = static_cast<float>(seconds(kWindowNs));
    Watched ring(cells), shuffled(with_permuted_units(cells, seed + 1));
    walk(
        session_with_turns(cells, settings.turns, seed + 2), kWindowNs,
        [&](const SpikeSample& spike) {
          ring.spike(spike);
          shuffled.spike(spike);
        },
        [&](SessionNs now_ns) {
          ring.look(now_ns);
          shuffled.look(now_ns);
        });
    run.auc_window.push_back(area_under_roc(ring.window, shuffled.window));
    run.auc_output.push_back(area_under_roc(ring.output, shuffled.output));
    progress(static_cast<double>(i + 1) / static_cast<double>(settings.permutations));
  }
  return run;
}

}  // namespace vturn::benches
