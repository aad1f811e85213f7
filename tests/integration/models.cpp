#include "tests/integration/models.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>

#include "tests/helpers/shared_data.hpp"
#include "tests/integration/daemon.hpp"

namespace vturn::test {
namespace {

struct Stage {
  char name;
  double delta, theta, emg;  ///< medians of linear power
};

constexpr std::array<Stage, 3> kStages{{{'W', 100.0, 60.0, 400.0}, {'N', 900.0, 40.0, 60.0}, {'R', 60.0, 300.0, 20.0}}};

std::string made_up_night() {
  std::mt19937_64 random(7);  // the same everywhere: only its raw bits are used
  const auto around = [&](double median) {
    double sum = 0.0;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random() >> 11) * 0x1p-53;
    return std::to_string(median * std::exp(0.4 * (sum - 6.0)));
  };
  std::string csv = "t_s,delta,theta,emg,stage\n";
  int second = 0;
  for (int cycle = 0; cycle < 12; ++cycle) {
    for (const Stage& stage : kStages) {
      for (int i = 0; i < 100; ++i, ++second) {
        csv += std::to_string(second) + "," + around(stage.delta) + "," + around(stage.theta) + "," +
               around(stage.emg) + "," + stage.name + "\n";
      }
    }
  }
  return csv;
}

}  // namespace

std::optional<std::filesystem::path> mouse28_model() {
  const auto spikes = shared_data("open-ephys/mouse28/calib_spikes.csv");
  const auto heading = shared_data("open-ephys/mouse28/calib_heading.csv");
  if (!spikes || !heading) return std::nullopt;
  const char* made = std::getenv("VTURN_MOUSE28_MODEL");  // by integration_models, when run through ctest
  if (made != nullptr && std::filesystem::exists(made)) return made;
  static const ScratchDir folder;
  const auto model = folder / "mouse28.heading.json";
  if (!std::filesystem::exists(model)) {
    vturn_json({"calibrate", "heading", "--spikes", spikes->string(), "--heading", heading->string(), "--image-y", "up",
                "--out", model.string(), "--json"});
  }
  return model;
}

std::filesystem::path made_up_sleep_model(const ScratchDir& folder) {
  const auto features = folder / "features.csv";
  const auto model = folder / "sleep.json";
  write_file(features, made_up_night());
  const Finished done = run_vturn({"calibrate", "sleep", "--features", features.string(), "--out", model.string()});
  if (done.code != 0) throw std::runtime_error("vturn calibrate sleep: " + done.output);
  return model;
}

CalibratedMouse calibrated_mouse(const ScratchDir& folder) {
  const auto calibration = folder / "calibration";
  const auto done = [](const Finished& finished) {
    if (finished.code != 0) throw std::runtime_error("calibrating the digital mouse: " + finished.output);
  };
  CalibratedMouse mouse{folder / "heading.json", folder / "mouse.sleep.json", calibration / "turn_cells.csv"};
  done(run_vturn(
      {"simulate", "--write-calibration", calibration.string(), "--wake-minutes", "3", "--sleep-hours", "1"}));
  done(run_vturn({"calibrate", "heading", "--spikes", (calibration / "spikes.csv").string(), "--heading",
                  (calibration / "heading.csv").string(), "--out", mouse.heading.string()}));
  done(run_vturn({"calibrate", "sleep", "--features", (calibration / "sleep_features.csv").string(), "--out",
                  mouse.sleep.string()}));
  return mouse;
}

}  // namespace vturn::test
