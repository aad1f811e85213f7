// Features tables: read, written, and made from raw signals by the live extractor.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>

#include "daemon/sleep/epoch_collector.hpp"
#include "tools/commands/sleep_csv.hpp"
#include "tools/lib/csv.hpp"

using namespace vturn;
using Catch::Matchers::Contains;

namespace {

class File {
 public:
  explicit File(const std::string& text) {
    path_ = std::filesystem::temp_directory_path() / ("vturn_sleep_table_" + std::to_string(::getpid()) + ".csv");
    std::ofstream(path_) << text;
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("a features table is read by column name; zero and empty are no observation") {
  const File file("t_s,emg,delta,alpha,stage,artefact\n0,2,1,3,W,0\n4,0,,4,r,1\n8,5,6,7,U,0\n");
  const auto table = tools::read_sleep_features(file.path(), true);
  REQUIRE(table.epochs.size() == 3);
  CHECK(table.epochs[0].frame.value(SleepFeature::kEmg) == Approx(std::log(2.0)));
  CHECK(table.epochs[0].frame.value(SleepFeature::kAlpha) == Approx(std::log(3.0)));
  CHECK(table.epochs[0].frame.time_ns == 4 * kNsPerS);
  CHECK(table.epochs[1].frame.valid == feature_bit(SleepFeature::kAlpha));
  CHECK(table.epochs[1].frame.artefact);
  CHECK(table.epochs[1].stage == SleepState::kRem);
  CHECK(table.epochs[2].stage == SleepState::kUnknown);
}

TEST_CASE("errors of a features table name the place") {
  const auto error = [](const std::string& text) {
    const File file(text);
    try {
      tools::read_sleep_features(file.path(), true);
    } catch (const tools::CsvError& bad) {
      return std::string(bad.what());
    }
    return std::string();
  };
  CHECK_THAT(error("t_s,delta\n0,1\n4,1\n"), Contains("stage"));
  CHECK_THAT(error("t_s,delta,stage\n0,1,W\n4,1,Q\n"), Contains(":3:") && Contains("allowed: W, N, R, U"));
  CHECK_THAT(error("t_s,delta,stage\n4,1,W\n4,1,W\n"), Contains(":3:") && Contains("does not rise"));
  CHECK_THAT(error("t_s,delta,stage\n0,-1,W\n4,1,W\n"), Contains(":2:") && Contains("negative"));
  CHECK_THAT(error("t_s,delta,stage\n0,1,W\n"), Contains("fewer than two rows"));
}

TEST_CASE("a hypnogram may list epochs or changes") {
  const File epochs("t_s,stage\n0,W\n4,N\n8,R\n16,W\n");
  const auto regular = tools::read_hypnogram(epochs.path());
  CHECK(regular.epoch_s == 4.0);
  CHECK(regular.epochs.size() == 4);
  const File changes("t_s,stage\n0,W\n10.4,N\n31,R\n40,W\n");
  const auto cut = tools::read_hypnogram(changes.path());
  CHECK(cut.epoch_s == 1.0);
  REQUIRE(cut.epochs.size() == 40);
  CHECK(cut.epochs[9].stage == SleepState::kWake);
  CHECK(cut.epochs[11].stage == SleepState::kNrem);
  CHECK(cut.epochs[35].stage == SleepState::kRem);
}

TEST_CASE("raw signals become a table that reads back") {
  EpochCollector collector({.theta = 0, .slow = 0}, 4.0);
  for (int n = 0; n < 20 * 50; ++n) {
    LfpInput block{};
    block.rate_hz = 1000.0F;
    block.count = kMaxLfpSamples;
    for (std::size_t i = 0; i < kMaxLfpSamples; ++i) {
      const double t = 0.02 * n + 0.001 * static_cast<double>(i);
      block.samples[i] = static_cast<float>(100.0 * std::sin(2.0 * std::numbers::pi * 7.0 * t));
    }
    collector.push(block, static_cast<SessionNs>(n) * 20 * kNsPerMs);
  }
  auto& epochs = collector.epochs();
  REQUIRE(epochs.size() == 4);
  CHECK(epochs[1].t_s == 4.0);
  for (auto& epoch : epochs) epoch.stage = SleepState::kNrem;
  std::ostringstream out;
  tools::write_sleep_features(out, epochs);
  const File file(out.str());
  const auto table = tools::read_sleep_features(file.path(), true);
  REQUIRE(table.epochs.size() == 4);
  CHECK(table.epochs[2].frame.value(SleepFeature::kTheta) == Approx(std::log(5000.0)).margin(0.1));
  CHECK(table.epochs[2].frame.value(SleepFeature::kTheta) ==
        Approx(epochs[2].frame.value(SleepFeature::kTheta)).margin(1e-5));
  CHECK(table.epochs[3].stage == SleepState::kNrem);
}
