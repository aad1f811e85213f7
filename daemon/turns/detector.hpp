#pragma once

#include <algorithm>

#include "daemon/turns/cusum_detector.hpp"
#include "daemon/turns/turn_detector.hpp"

namespace vturn::turns {

enum class Method : std::uint8_t { kLogOdds = 0, kCusum };

struct DetectorSettings {
  Method method = Method::kLogOdds;
  TurnSettings log_odds;
  CusumSettings cusum;

  /// Of the method chosen, nats: log-odds, or summed evidence.
  void set_threshold(double nats) noexcept {
    if (method == Method::kLogOdds) {
      log_odds.log_odds = nats;
    } else {
      cusum.nats = nats;
      cusum.lead_nats = std::min(CusumSettings{}.lead_nats, nats);
    }
  }
};

/// The turn detector that the rig file names. CUSUM knows the dynamics of REM only and is silent in other states.
class Detector {
 public:
  /// Throws std::invalid_argument on settings out of range, of either method.
  void prepare(const DetectorSettings& settings) {
    method_ = settings.method;
    log_odds_.prepare(settings.log_odds);
    cusum_.prepare(settings.cusum);
  }
  void reset() noexcept {
    log_odds_.reset();
    cusum_.reset();
  }
  /// As TurnDetector::step() and CusumDetector::step().
  bool step(SessionNs time_ns, const HeadingOutput& heading, SleepState state, TurnOutput& turn) noexcept {
    if (method_ == Method::kLogOdds) return log_odds_.step(time_ns, heading, state, turn);
    if (state == SleepState::kRem) return cusum_.step(time_ns, heading, state, turn);
    cusum_.reset();
    return false;
  }

 private:
  Method method_ = Method::kLogOdds;
  TurnDetector log_odds_;
  CusumDetector cusum_;
};

}  // namespace vturn::turns
