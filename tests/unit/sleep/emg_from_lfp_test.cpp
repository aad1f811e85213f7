// Muscle tone from LFP against its closed form: common noise of variance c and own noise of variance n at each
// electrode correlate by c / (c + n).
#include "daemon/sleep/emg_from_lfp.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <vector>

using namespace vturn;

namespace {

constexpr SampleIndex kStride = 12;  ///< 30 kHz to 2.5 kHz

/// White noise at `channels` electrodes, `common` of whose variance is shared; blocks as a reader makes them.
class Electrodes {
 public:
  explicit Electrodes(std::size_t channels, double rate_hz = 2500.0, unsigned seed = 1)
      : rate_hz_(rate_hz), random_(seed), samples_(channels) {
    const std::array signals{0, 1, 2, 3, 4, 5};
    tone.prepare(std::span(signals).first(channels), 0.75, 6000.0);
  }

  /// Ten samples at each electrode.
  void block(double common, double wobble_s = 0.0) {
    for (std::size_t i = 0; i < kBlock; ++i) {
      const double shared = std::sqrt(common) * noise_(random_);
      for (auto& channel : samples_)
        channel[i] = static_cast<float>(shared + std::sqrt(1.0 - common) * noise_(random_));
    }
    for (std::size_t k = 0; k < samples_.size(); ++k) {
      if (static_cast<int>(k) == silent) continue;
      LfpInput input{static_cast<std::uint16_t>(k), kBlock, static_cast<float>(rate_hz_), {}};
      std::copy(samples_[k].begin(), samples_[k].end(), input.samples.begin());
      if (edit) edit(k, input);
      const double time_s = static_cast<double>(number_) / rate_hz_ + (k % 2 == 1 ? wobble_s : 0.0);
      tone.push(input, static_cast<SessionNs>(time_s * 1e9), number_ * kStride);
    }
    number_ += kBlock;
    if (const ToneSnapshot* latest = tone.at(tone.newest_index())) kept[latest->index] = *latest;
  }
  void run(double seconds, double common, double wobble_s = 0.0) {
    const auto blocks = static_cast<int>(seconds * rate_hz_ / kBlock);
    for (int i = 0; i < blocks; ++i) block(common, wobble_s);
  }
  void skip(SampleIndex samples) { number_ += samples; }
  [[nodiscard]] SessionNs now_ns() const {
    return static_cast<SessionNs>(static_cast<double>(number_) / rate_hz_ * 1e9);
  }
  /// Mean Fisher's z, twice, of the usable moments from `from` on.
  [[nodiscard]] double mean_log(std::int64_t from) const {
    double sum = 0.0, count = 0.0;
    for (const auto& [index, snapshot] : kept) {
      if (index < from || !snapshot.usable) continue;
      sum += std::log(snapshot.smoothed);
      count += 1.0;
    }
    return sum / count;
  }

  EmgFromLfp tone;
  std::map<std::int64_t, ToneSnapshot> kept;
  std::function<void(std::size_t, LfpInput&)> edit;
  int silent = -1;

 private:
  static constexpr std::uint16_t kBlock = 10;
  double rate_hz_;
  std::mt19937 random_;
  std::normal_distribution<double> noise_{0.0, 50.0};
  std::vector<std::array<float, kBlock>> samples_;
  SampleIndex number_ = 1000;
};

double twice_fisher_z(double r) { return std::log((1.0 + r) / (1.0 - r)); }

}  // namespace

TEST_CASE("EMG from LFP: the mean correlation is the share of common variance, whatever the gains") {
  for (const double share : {0.1, 0.5, 0.8}) {
    Electrodes electrodes(4);
    electrodes.edit = [](std::size_t k, LfpInput& block) {
      for (float& x : block.samples) x = x * static_cast<float>(k + 1) * 0.3F + 100.0F;  // gain and offset
    };
    electrodes.run(120.0, share);
    CHECK(electrodes.mean_log(20) == Approx(twice_fisher_z(share)).margin(0.05));
  }
}

TEST_CASE("EMG from LFP: follows a change within seconds, faster in the last 100 ms") {
  Electrodes electrodes(3);
  electrodes.run(20.0, 0.1);
  const double before = electrodes.mean_log(100);
  const auto change = electrodes.tone.newest_index();
  electrodes.run(4.0, 0.7);
  CHECK(std::log(electrodes.kept.at(change + 3).fast) > before + 0.7);
  CHECK(std::log(electrodes.kept.at(change + 35).smoothed) > before + 1.2);
}

TEST_CASE("EMG from LFP: channels are aligned by sample number, clocks that wobble between them change nothing") {
  Electrodes plain(2), wobbling(2);
  plain.run(60.0, 0.6);
  wobbling.run(60.0, 0.6, 0.002);
  CHECK(wobbling.mean_log(20) == Approx(plain.mean_log(20)).margin(0.02));
  CHECK(plain.mean_log(20) == Approx(twice_fisher_z(0.6)).margin(0.1));
}

TEST_CASE("EMG from LFP: nothing without two channels, without the band, or without sample numbers") {
  Electrodes one(1);
  one.run(2.0, 0.5);
  CHECK_FALSE(one.tone.enabled());
  CHECK(one.kept.empty());
  Electrodes slow(3, 1000.0);
  slow.run(2.0, 0.5);
  CHECK(slow.kept.empty());
  Electrodes lagging(3);
  lagging.silent = 2;
  lagging.run(5.0, 0.5);
  CHECK(lagging.kept.empty());
}

TEST_CASE("EMG from LFP: a dead channel is left out, saturation and gaps spoil their moments only") {
  Electrodes dead(3);
  dead.edit = [](std::size_t k, LfpInput& block) {
    if (k == 1) block.samples.fill(7.0F);
  };
  dead.run(60.0, 0.5);
  CHECK(dead.mean_log(20) == Approx(twice_fisher_z(0.5)).margin(0.1));

  Electrodes saturated(3);
  saturated.run(5.0, 0.5);
  const auto at = saturated.tone.newest_index();
  saturated.edit = [](std::size_t k, LfpInput& block) {
    if (k == 0) block.samples[3] = -6500.0F;
  };
  saturated.block(0.5);
  saturated.edit = nullptr;
  saturated.run(3.0, 0.5);
  CHECK_FALSE(saturated.kept.at(at + 1).usable);
  CHECK(saturated.kept.at(at + 10).usable);

  Electrodes gap(3);
  gap.run(5.0, 0.5);
  gap.skip(777);
  const auto before = gap.tone.newest_index();
  gap.run(3.0, 0.5);
  for (const auto& [index, snapshot] : gap.kept) {
    if (index > before && index < before + 4) CHECK_FALSE(snapshot.usable);
  }
  CHECK(gap.kept.at(gap.tone.newest_index()).usable);
  CHECK(gap.mean_log(0) == Approx(twice_fisher_z(0.5)).margin(0.25));
}

TEST_CASE("EMG from LFP: a stimulus that all electrodes pick up is no tone, neither while it rings nor after") {
  Electrodes electrodes(3);
  electrodes.run(20.0, 0.1);
  const double before = electrodes.mean_log(100);
  const auto at = electrodes.tone.newest_index();
  const SessionNs now_ns = electrodes.now_ns();
  electrodes.tone.blank(now_ns - 1, now_ns + 60 * kNsPerMs);
  electrodes.edit = [n = 0](std::size_t k, LfpInput& block) mutable {
    if (k == 0) ++n;
    for (float& x : block.samples) x += n % 2 == 0 ? 2000.0F : -2000.0F;
  };
  electrodes.run(0.06, 0.1);
  electrodes.edit = nullptr;
  electrodes.run(3.0, 0.1);
  int untold = 0;
  for (const auto& [index, snapshot] : electrodes.kept) {
    if (index <= at) continue;
    untold += snapshot.usable ? 0 : 1;
    if (snapshot.usable) CHECK(std::log(snapshot.smoothed) < before + 0.5);
  }
  CHECK(untold >= 1);
  CHECK(untold <= 9);
}

TEST_CASE("EMG from LFP: values that are none, first or later, spoil their moments only") {
  Electrodes electrodes(3);
  electrodes.edit = [](std::size_t, LfpInput& block) { block.samples[0] = std::nanf(""); };
  electrodes.block(0.5);
  electrodes.block(0.5);  // from one block alone the decimation is not known yet
  electrodes.edit = nullptr;
  electrodes.run(10.0, 0.5);
  electrodes.edit = [](std::size_t, LfpInput& block) { block.samples[4] = 1e30F; };
  electrodes.block(0.5);
  electrodes.edit = nullptr;
  const auto at = electrodes.tone.newest_index();
  electrodes.run(10.0, 0.5);
  CHECK(electrodes.kept.at(at).usable);
  CHECK_FALSE(electrodes.kept.at(at + 1).usable);
  CHECK(electrodes.kept.at(at + 10).usable);
  CHECK(electrodes.mean_log(0) == Approx(twice_fisher_z(0.5)).margin(0.2));
}

TEST_CASE("EMG from LFP: no sample after a moment changes what was told of it") {
  Electrodes a(3), b(3);
  a.run(4.0, 0.4);
  b.run(4.0, 0.4);
  const auto told = a.kept;
  b.edit = [](std::size_t, LfpInput& block) { block.samples.fill(1e30F); };
  a.run(1.0, 0.9);
  b.run(1.0, 0.1);
  for (const auto& [index, snapshot] : told) {
    CHECK(a.kept.at(index).smoothed == b.kept.at(index).smoothed);
    CHECK(a.kept.at(index).usable == b.kept.at(index).usable);
  }
}
