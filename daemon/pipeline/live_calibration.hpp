#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "daemon/calibrate/wake_recording.hpp"
#include "daemon/pipeline/calibration_tap.hpp"
#include "daemon/rt/latest.hpp"
#include "daemon/wire/calibration_snapshot.hpp"

namespace vturn {

/// Calibration of heading while the session runs, on a thread of its own that gives way to all others: collects between
/// the operator's start and stop, then fits and writes the model file.
class LiveCalibration {
 public:
  struct Settings {
    std::string folder;      ///< of the model file
    std::string stem;        ///< its name: STEM.heading.json, or STEM-2.heading.json when that is there
    bool tracked = true;     ///< some source tracks heading
    bool only_awake = true;  ///< there is a sleep model to tell
    CalibrationSettings asked;
    calibrate::RecordingLimits limits;
  };
  explicit LiveCalibration(Settings settings);
  /// Ends a running fit.
  ~LiveCalibration();
  LiveCalibration(const LiveCalibration&) = delete;
  LiveCalibration& operator=(const LiveCalibration&) = delete;

  /// Decision thread.
  void take(const InputEvent& event, SleepState state) noexcept { tap_.take(event, state); }
  [[nodiscard]] const wire::CalibrationSnapshot& published() noexcept { return for_publisher_.read(); }

  /// Control thread: "" when this command makes sense now, and is then counted on; else why not, in one line.
  std::string begin(const CommandInput& command);
  /// The command could not be queued after all.
  void withdraw() noexcept;
  [[nodiscard]] const wire::CalibrationSnapshot& status() noexcept { return for_control_.read(); }

 private:
  enum class Phase : std::uint8_t { kIdle, kCollecting, kFitting };

  void run();
  void drain();
  std::string may_start();
  void start(bool handedness_confirmed);
  void stop(bool discard);
  void fit();
  void done(const HeadingModel& model);
  void refuse(const std::string& why);
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_.load() >= started_; }
  void tell();

  Settings settings_;
  CalibrationTap tap_;
  rt::Latest<wire::CalibrationSnapshot> for_publisher_, for_control_;
  std::atomic<Phase> phase_{Phase::kIdle};
  Phase before_ = Phase::kIdle;
  std::uint32_t starts_ = 0;                 ///< control thread: accepted
  std::atomic<std::uint32_t> cancelled_{0};  ///< the start whose fit is not wanted any more
  std::atomic<bool> ending_{false};

  /// Made by the control thread before the first start, so that no starved worker holds the process's memory map; then
  /// the worker's, and kept.
  std::unique_ptr<calibrate::WakeRecording> recording_;
  bool collecting_ = false;
  std::uint32_t started_ = 0;  ///< worker: begun
  Handedness handedness_ = Handedness::kUnconfirmed;
  std::uint64_t lost_before_ = 0;
  wire::CalibrationSnapshot now_;
  std::thread thread_;
};

}  // namespace vturn
