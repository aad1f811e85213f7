#include "daemon/wire/codec.hpp"

namespace vturn::wire {
namespace {

static_assert(static_cast<int>(CalibrationState::kRefused) == v1::CALIBRATION_STATE_REFUSED);

void assign(std::string& target, std::string_view text) { target.assign(text.data(), text.size()); }

}  // namespace

void to_proto(const CalibrationSnapshot& calibration, v1::Calibration& message) {
  message.set_state(static_cast<v1::CalibrationState>(calibration.state));
  message.set_waits_for_wake(calibration.waits_for_wake);
  message.set_heading_s(calibration.heading_s);
  message.set_spikes(calibration.spikes);
  message.set_units(calibration.units);
  message.set_units_ready(calibration.units_ready);
  message.mutable_sector_s()->Assign(calibration.sector_s.begin(), calibration.sector_s.end());
  assign(*message.mutable_missing(), calibration.missing.view());
  message.set_lost(calibration.lost);
  message.set_full(calibration.full);
  message.set_share_fitted(calibration.share_fitted);
  assign(*message.mutable_reason(), calibration.reason.view());
  assign(*message.mutable_model_file(), calibration.model_file.view());
  message.set_model_units(calibration.model_units);
  message.set_median_abs_error_deg(calibration.median_abs_error_deg);
  message.set_mean_abs_error_deg(calibration.mean_abs_error_deg);
  message.set_p90_abs_error_deg(calibration.p90_abs_error_deg);
  message.set_coverage_95(calibration.coverage_95);
  message.set_memoryless_200ms_median_abs_error_deg(calibration.memoryless_200ms_median_abs_error_deg);
}

}  // namespace vturn::wire
