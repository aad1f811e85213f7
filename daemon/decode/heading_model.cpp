#include "daemon/decode/heading_model.hpp"

#include <bit>
#include <utility>

#include "daemon/decode/heading_filter.hpp"

namespace vturn {
namespace {

class Fnv {
 public:
  void add(float value) noexcept { add(std::bit_cast<std::uint32_t>(value)); }
  void add(std::uint32_t value) noexcept {
    for (unsigned shift = 0; shift < 32; shift += 8) hash_ = (hash_ ^ ((value >> shift) & 0xFFU)) * 0x100000001B3ULL;
  }
  template <std::size_t n>
  void add(const std::array<float, n>& values) noexcept {
    for (const float value : values) add(value);
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return hash_; }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
};

std::uint64_t next_random(std::uint64_t& state) noexcept {  // SplitMix64, Steele et al. 2014
  std::uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace

std::uint64_t model_hash(const HeadingModel& model) noexcept {
  Fnv hash;
  for (const HeadingUnit& unit : model.units) {
    hash.add(unit.unit);
    hash.add(unit.mean_rate_hz);
    hash.add(unit.rate_hz);
  }
  for (const HeadingDynamics& dynamics : model.dynamics) {
    hash.add(dynamics.velocity_rad_s);
    hash.add(dynamics.hop_up_hz);
    hash.add(dynamics.hop_down_hz);
    hash.add(dynamics.enter);
    hash.add(dynamics.rest_to_turn_hz);
    hash.add(dynamics.turn_to_rest_hz);
  }
  for (const float value : {model.temper, model.lag_s, model.frame_sd_rad, model.rate_floor_hz, model.gain_tau_s,
                            model.gain_min, model.gain_max, model.evidence_tau_s}) {
    hash.add(value);
  }
  hash.add(static_cast<std::uint32_t>(model.handedness));
  return hash.value();
}

const char* name_of(Dynamics dynamics) noexcept {
  switch (dynamics) {
    case Dynamics::kWake:
      return "wake";
    case Dynamics::kRem:
      return "rem";
    case Dynamics::kNrem:
      return "nrem";
  }
  return "";
}

HeadingModel with_permuted_units(const HeadingModel& model, std::uint64_t seed) {
  HeadingModel permuted = model;
  std::uint64_t state = seed;
  for (std::size_t i = permuted.units.size(); i > 1; --i) {
    const std::size_t j = static_cast<std::size_t>(next_random(state) % (i - 1));
    std::swap(permuted.units[i - 1].unit, permuted.units[j].unit);
  }
  permuted.hash = model_hash(permuted);
  return permuted;
}

}  // namespace vturn
