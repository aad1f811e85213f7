// Scorings of other programs, in files that scipy and h5py wrote (scorings/make.py).
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <random>

#include "tools/commands/registry.hpp"
#include "tools/commands/scoring_file.hpp"
#include "tools/lib/csv.hpp"
#include "tools/matlab/mat_file.hpp"

using namespace vturn;
using Catch::Matchers::Contains;

namespace {

const std::filesystem::path kFolder = VTURN_SCORINGS;

std::string letters(const tools::Hypnogram& scoring) {
  std::string text;
  for (const TruthEpoch& epoch : scoring.epochs) text += "UWNR"[static_cast<std::size_t>(epoch.stage)];
  return text;
}

std::string error_of(const std::filesystem::path& file, std::optional<double> epoch_s = {}) {
  try {
    tools::read_scoring(file, epoch_s);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

class Scratch {
 public:
  explicit Scratch(const std::string& name, const std::string& text)
      : path_(std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + name)) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~Scratch() { std::filesystem::remove(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("buzcode's intervals, of today and of old") {
  const std::string expected = std::string(21, 'W') + std::string(20, 'N') + "WWW" + std::string(7, 'N') +
                               std::string(10, 'R') + std::string(19, 'W');
  for (const char* file : {"buzcode.SleepState.states.mat", "buzcode_old_SleepScore.mat"}) {
    const auto scoring = tools::read_scoring(kFolder / file, {});
    CHECK(scoring.epoch_s == 1.0);
    CHECK(scoring.epochs.front().t_s == 0.0);
    CHECK(letters(scoring) == expected);
  }
}

TEST_CASE("a scoring's time 0 may lie anywhere in the session") {
  const Scratch csv("at.csv", "t_s,stage\n0,W\n4,N\n8,R\n");
  std::vector<LabelledEpoch> epochs(6);
  for (std::size_t i = 0; i < epochs.size(); ++i) epochs[i].t_s = 3600.0 + 4.0 * static_cast<double>(i);
  tools::label(epochs, tools::read_scoring(csv.path(), {}, 3604.0));
  std::string stages;
  for (const LabelledEpoch& epoch : epochs) stages += "UWNR"[static_cast<std::size_t>(epoch.stage)];
  CHECK(stages == "UWNRUU");
}

TEST_CASE("times as fractions of a day are refused") {
  for (const char* text : {"t_s,stage\n0,W\n0.1,N\n0.37,R\n0.9,W\n", "t_s,stage\n0,W\n0.00005,N\n0.0001,R\n"}) {
    const Scratch csv("days.csv", text);
    CHECK_THAT(error_of(csv.path()), Contains("days.csv") && Contains("are times in seconds?"));
  }
}

TEST_CASE("AccuSleep's labels, of MATLAB and as CSV") {
  const auto scoring = tools::read_scoring(kFolder / "accusleep_labels.mat", 2.5);
  CHECK(letters(scoring) == "WWNNRRUW");
  CHECK(scoring.epochs[3].t_s == 7.5);
  CHECK(scoring.epoch_s == 2.5);
  const Scratch csv("labels.csv", "brain_state,confidence_score\n2,0.9\n3,0.9\n1,0.8\n-1,0.1\n");
  CHECK(letters(tools::read_scoring(csv.path(), 4.0)) == "WNRU");
  CHECK_THAT(error_of(csv.path()), Contains("--label-epoch-s"));
  const Scratch own("own.csv", "t_s,stage\n0,W\n4,N\n8,R\n");
  CHECK(letters(tools::read_scoring(own.path(), {})) == "WNR");
}

TEST_CASE("rows of features get the stage at their middle") {
  std::vector<LabelledEpoch> epochs(4);
  for (std::size_t i = 0; i < epochs.size(); ++i) epochs[i].t_s = 20.0 * static_cast<double>(i);
  tools::label(epochs, tools::read_scoring(kFolder / "buzcode.SleepState.states.mat", {}));
  CHECK(epochs[0].stage == SleepState::kWake);
  CHECK(epochs[1].stage == SleepState::kNrem);
  CHECK(epochs[2].stage == SleepState::kNrem);
  CHECK(epochs[3].stage == SleepState::kWake);
  epochs[3].t_s = 75.0;
  tools::label(epochs, tools::read_scoring(kFolder / "buzcode.SleepState.states.mat", {}));
  CHECK(epochs[3].stage == SleepState::kUnknown);
}

TEST_CASE("files that hold no scoring say so in one line") {
  CHECK_THAT(error_of(kFolder / "nothing.mat"), Contains("nothing.mat") && Contains("cannot be read"));
  CHECK_THAT(error_of(kFolder / "no_scoring.mat", 4.0), Contains("holds no scoring that is known"));
  CHECK_THAT(error_of(kFolder / "one_column.mat"), Contains("WAKEstate must have two columns"));
  CHECK_THAT(error_of(kFolder / "backwards.mat"), Contains("REMstate: interval 1"));
  CHECK_THAT(error_of(kFolder / "overlap.mat"), Contains("overlap at 5.0"));
  CHECK_THAT(error_of(kFolder / "text.mat", 4.0), Contains("labels: is no matrix of real numbers"));
  CHECK_THAT(error_of(kFolder / "accusleep_labels_v73.mat", 4.0), Contains("-v7"));
  CHECK_THAT(error_of(kFolder / "accusleep_labels.mat"), Contains("--label-epoch-s"));
  const Scratch text("text.mat", "t_s,stage\n0,W\n");
  CHECK_THAT(error_of(text.path()), Contains("is no MAT file"));
}

TEST_CASE("a cut-off file is an error, whatever is missing") {
  for (const char* file : {"buzcode.SleepState.states.mat", "buzcode_old_SleepScore.mat", "accusleep_labels.mat"}) {
    const std::string whole = bytes_of(kFolder / file);
    REQUIRE(whole.size() > 200);
    // Up to 7 bytes of padding may end a file.
    for (std::size_t length = 0; length + 8 < whole.size(); ++length) {
      const Scratch part("part.mat", whole.substr(0, length));
      CHECK_FALSE(error_of(part.path(), 4.0).empty());
    }
  }
}

TEST_CASE("flags of another type than theirs are damage, not numbers to convert") {
  constexpr std::size_t kFlags = 128 + 8;  // behind the header and the matrix's own tag
  std::string changed = bytes_of(kFolder / "no_scoring.mat");
  REQUIRE(changed[kFlags] == static_cast<char>(tools::MatType::kUint32));
  changed[kFlags] = static_cast<char>(tools::MatType::kSingle);
  changed.replace(kFlags + 8, 4, "\x00\x00\x80\x70", 4);  // about 3e29
  const Scratch file("flags.mat", changed);
  CHECK_THAT(error_of(file.path(), 4.0), Contains("flags are damaged"));
}

TEST_CASE("changed bytes give an error or another scoring, nothing worse") {
  std::mt19937 random(4);
  for (const char* file : {"buzcode.SleepState.states.mat", "buzcode_old_SleepScore.mat", "accusleep_labels.mat"}) {
    const std::string whole = bytes_of(kFolder / file);
    for (int i = 0; i < 1000; ++i) {
      std::string changed = whole;
      for (int k = 0; k < 3; ++k) changed[random() % changed.size()] = static_cast<char>(random());
      try {
        const tools::MatFile mat(changed, file);
        for (const char* path : {"SleepState.ints.WAKEstate", "StateIntervals.REMstate", "labels"}) {
          const auto matrix = mat.matrix(path);
          if (matrix) CHECK(matrix->values.size() == matrix->rows * matrix->columns);
        }
      } catch (const tools::MatError& bad) {
        CHECK_THAT(bad.what(), Contains(file));
      }
    }
  }
}
