#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/sleep/calibration.hpp"
#include "tools/recordings/recording.hpp"

namespace vturn::recordings {

/// Channels of a recording by name; theta or slow must be given, the others may be empty.
struct FeatureChannels {
  std::string theta, slow, emg;
  std::vector<std::string> motion;        ///< up to three axes of an accelerometer
  std::vector<std::string> emg_lfp = {};  ///< two to six channels of one stream, far apart: EMG from LFP
};

/// Sleep features of a recording, once a second, computed as the daemon does on the same signals live: decimation to
/// about 1 kHz, then FeatureExtractor; of RHX's auxiliary inputs one value per 128 samples, as RHX streams them. A gap
/// starts the filters anew. Epochs are not scored; t_s 0 is the recording's begin. `progress` is told the share done.
/// Throws RecordingError.
std::vector<LabelledEpoch> read_features(Recording& recording, const FeatureChannels& channels,
                                         const std::function<void(double)>& progress);

}  // namespace vturn::recordings
