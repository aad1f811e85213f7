#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/input_event.hpp"
#include "daemon/ingest/decimator.hpp"
#include "daemon/ingest/event_maker.hpp"

namespace vturn::ingest {

/// A channel that is decimated and handed on. Channels are found by name; streams without names go by number.
struct SignalSettings {
  std::uint16_t signal = 0;       ///< LfpInput::signal
  std::string channel_name;       ///< "" = by number only
  std::int64_t channel_num = -1;  ///< 0-based within the stream; -1 = by name only
  double rate_hz = kDecimatedRateHz;
};

/// The signals of one source on their way to about 1 kHz: blocks of samples in, LfpInput events out. Allocation-free
/// once made.
class SignalSet {
 public:
  static constexpr std::size_t kNone = SIZE_MAX;

  explicit SignalSet(const std::vector<SignalSettings>& settings);

  [[nodiscard]] std::size_t size() const noexcept { return signals_.size(); }
  [[nodiscard]] const SignalSettings& settings(std::size_t signal) const noexcept { return signals_[signal].settings; }
  /// Position of the signal that a channel delivers, kNone when nobody asked for it. By name where both have one.
  [[nodiscard]] std::size_t find(std::string_view channel_name, std::int64_t channel_num) const noexcept;

  /// The channel goes on elsewhere than it ended: its filter begins anew with the next block.
  void break_off(std::size_t signal) noexcept { signals_[signal].decimator.reset(); }
  void break_off_all() noexcept;

  /// A block of `count` samples at `rate_hz`, the first of them number `first`; `sample(i)` is the i-th in its physical
  /// unit, `own_ns(number)` a sample's time on the source's own clock.
  template <class Sample, class OwnNs>
  void block(std::size_t signal, SampleIndex first, std::int64_t count, double rate_hz, MonoNs arrival_mono_ns,
             Sample&& sample, OwnNs&& own_ns, EventMaker& maker, EventSink& sink) noexcept {
    Signal& s = signals_[signal];
    if (s.rate_hz != rate_hz) s.decimator = Decimator(s.rate_hz = rate_hz, s.settings.rate_hz);
    InputEvent event;
    std::uint16_t held = 0;
    const auto hand_on = [&]() noexcept {
      ++blocks_;
      maker.emit(event, own_ns(event.source_sample), sink);
      held = 0;
    };
    for (std::int64_t i = 0; i < count; ++i) {
      float output = 0;
      if (!s.decimator.push(first + i, good(s, sample(static_cast<std::size_t>(i))), output)) continue;
      if (held == 0) {
        event = maker.at(InputKind::kLfp, {first + i, 0, arrival_mono_ns});
        event.payload.lfp = {s.settings.signal, 0, static_cast<float>(s.decimator.output_rate_hz()), {}};
      }
      event.payload.lfp.samples[held] = output;
      event.payload.lfp.count = ++held;
      if (held == kMaxLfpSamples) hand_on();
    }
    if (held > 0) hand_on();
  }

  [[nodiscard]] std::uint64_t blocks() const noexcept { return blocks_; }  ///< LfpInput events handed on
  /// Not finite or absurd: the one before was taken instead.
  [[nodiscard]] std::uint64_t bad_samples() const noexcept { return bad_samples_; }

  /// Finite, and below a thousand volts in microvolts: no amplifier says more, and filters stay finite.
  [[nodiscard]] static bool plausible(float sample) noexcept { return std::fabs(sample) <= 1e9F; }

 private:
  struct Signal {
    SignalSettings settings;
    Decimator decimator;
    double rate_hz = 0;
    float last_good = 0;
  };

  float good(Signal& signal, float sample) noexcept {
    if (plausible(sample)) return signal.last_good = sample;
    // One such value would stay in the filter's state for ever.
    ++bad_samples_;
    return signal.last_good;
  }

  std::vector<Signal> signals_;
  std::uint64_t blocks_ = 0, bad_samples_ = 0;
};

}  // namespace vturn::ingest
