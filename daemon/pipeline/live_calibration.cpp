#include "daemon/pipeline/live_calibration.hpp"

#include <array>
#include <bit>
#include <chrono>
#include <cstdio>
#include <exception>

#include "daemon/models/heading_model_json.hpp"
#include "daemon/pipeline/log.hpp"
#include "daemon/pipeline/new_file.hpp"
#include "daemon/rt/threads.hpp"
#include "plugins/api/vturn_plugin.h"

namespace vturn {
namespace {

using wire::CalibrationState;

constexpr std::chrono::milliseconds kPause(50);

}  // namespace

LiveCalibration::LiveCalibration(Settings settings)
    : settings_(std::move(settings)), tap_(settings_.only_awake), thread_([this] { run(); }) {}

LiveCalibration::~LiveCalibration() {
  ending_.store(true);
  thread_.join();
}

std::string LiveCalibration::begin(const CommandInput& command) {
  before_ = phase_.load();
  if (command.command == CommandKind::kCalibrateStart) {
    if (std::string why = may_start(); !why.empty()) return why;
    ++starts_;
    phase_.store(Phase::kCollecting);
    return "";
  }
  const bool discard = command.value_ns != 0;
  if (before_ == Phase::kIdle) return "none was started";
  if (before_ == Phase::kFitting && !discard) return "the fit is running";
  if (before_ == Phase::kFitting) cancelled_.store(starts_);
  phase_.store(discard ? Phase::kIdle : Phase::kFitting);
  return "";
}

std::string LiveCalibration::may_start() {
  if (!settings_.tracked) return "no source of the rig file tracks heading";
  if (before_ == Phase::kCollecting) return "it collects already: stop it first";
  if (before_ == Phase::kFitting) return "the fit of the last one is running: wait for its end, or discard it";
  try {
    if (!recording_) recording_ = std::make_unique<calibrate::WakeRecording>(settings_.asked, settings_.limits);
    return "";
  } catch (const std::bad_alloc&) {
    return "there is not enough memory to collect";
  }
}

void LiveCalibration::withdraw() noexcept {
  if (before_ == Phase::kIdle) --starts_;
  phase_.store(before_);
}

void LiveCalibration::run() {
  rt::set_up_thread("vturn-calibrate", 0);
  rt::give_way();
  while (!ending_.load()) {
    drain();
    if (now_.begun) tell();
    std::this_thread::sleep_for(kPause);
  }
}

void LiveCalibration::drain() {
  CalibrationTap::Sample sample;
  while (!ending_.load() && tap_.next(sample)) {
    switch (sample.kind) {
      case CalibrationTap::Kind::kStart:
        start(sample.value != 0);
        break;
      case CalibrationTap::Kind::kStop:
        stop(sample.value != 0);
        break;
      case CalibrationTap::Kind::kSpike:
        if (collecting_) recording_->spike(sample.time_ns, sample.value);
        break;
      case CalibrationTap::Kind::kHeading:
        if (collecting_) recording_->heading(sample.time_ns, std::bit_cast<float>(sample.value));
        break;
    }
  }
}

void LiveCalibration::start(bool handedness_confirmed) {
  ++started_;
  now_ = {};
  now_.begun = true;
  now_.state = CalibrationState::kCollecting;
  handedness_ = handedness_confirmed ? Handedness::kConfirmed : Handedness::kUnconfirmed;
  lost_before_ = tap_.lost();
  recording_->clear();
  collecting_ = true;
}

void LiveCalibration::stop(bool discard) {
  if (collecting_) {
    tell();
    if (!discard) {
      fit();
    } else {
      now_.state = CalibrationState::kIdle;
    }
    collecting_ = false;
  }
  // A discard has set the phase by itself.
  Phase fitting = Phase::kFitting;
  phase_.compare_exchange_strong(fitting, Phase::kIdle);
}

void LiveCalibration::fit() {
  now_.state = CalibrationState::kFitting;
  now_.waits_for_wake = false;
  auto told = std::chrono::steady_clock::now();
  const auto keep_going = [&](double share) {
    now_.share_fitted = share;
    if (std::chrono::steady_clock::now() - told > kPause) {
      tell();
      told = std::chrono::steady_clock::now();
    }
    return !ending_.load() && !cancelled();
  };
  try {
    recording_->sort();
    const auto model = calibrate::fit_model(*recording_, settings_.asked, handedness_, keep_going);
    if (model) {
      done(*model);
    } else if (cancelled()) {
      now_.state = CalibrationState::kIdle;
    } else {
      refuse(model.error());
    }
  } catch (const std::exception& error) {
    refuse(error.what());
  }
}

void LiveCalibration::done(const HeadingModel& model) {
  const auto path = write_new_file(settings_.folder, settings_.stem, ".heading.json", heading_model_to_json(model));
  if (!path) return refuse(path.error());
  const HeadingFigures& figures = model.cross_validated;
  now_.state = CalibrationState::kDone;
  now_.share_fitted = 1.0;
  now_.model_file = *path;
  now_.model_units = static_cast<std::uint32_t>(model.units.size());
  now_.median_abs_error_deg = figures.median_abs_error_deg;
  now_.mean_abs_error_deg = figures.mean_abs_error_deg;
  now_.p90_abs_error_deg = figures.p90_abs_error_deg;
  now_.coverage_95 = figures.coverage_95;
  now_.memoryless_200ms_median_abs_error_deg = figures.memoryless_200ms_median_abs_error_deg;
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), " written: %zu units, cross-validated median error %.1f degrees",
                model.units.size(), figures.median_abs_error_deg);
  log_line(VTURN_LOG_INFO, "calibration: " + *path + text.data() + "; put it to use with vturn control load-model");
}

void LiveCalibration::refuse(const std::string& why) {
  now_.state = CalibrationState::kRefused;
  now_.reason = why;
  log_line(VTURN_LOG_WARNING, "calibration refused: " + why);
}

void LiveCalibration::tell() {
  if (collecting_) {
    const calibrate::RecordingProgress& progress = recording_->progress();
    now_.heading_s = progress.heading_s;
    now_.spikes = progress.spikes;
    now_.units = progress.units;
    now_.units_ready = progress.units_ready;
    now_.sector_s = progress.sector_s;
    now_.full = progress.full();
    now_.missing = recording_->missing();
    now_.lost = tap_.lost() - lost_before_;
    now_.waits_for_wake = now_.state == CalibrationState::kCollecting && tap_.waits_for_wake();
  }
  for_publisher_.write(now_);
  for_control_.write(now_);
}

}  // namespace vturn
