#pragma once

#include <vector>

#include "daemon/ingest/decimator.hpp"
#include "daemon/sleep/features.hpp"
#include "tools/simulation/mouse.hpp"

namespace vturn::simulation {

/// The daemon's front end over the mouse's raw channels: decimation, then features.
class FrontEnd {
 public:
  explicit FrontEnd(double rate_hz);

  /// Takes the block's channels in and gives the frames that are ready.
  template <class OnFrame>
  void add(const Block& block, OnFrame&& on_frame) {
    for (std::size_t i = 0; i < Mouse::kChannels; ++i) push(block, i);
    for (FeatureFrame frame; extractor_.next(frame);) on_frame(frame);
  }

 private:
  void push(const Block& block, std::size_t channel);
  void flush(LfpInput& input, SessionNs first_ns);

  double rate_hz_;
  std::vector<ingest::Decimator> decimators_;
  FeatureExtractor extractor_;
};

}  // namespace vturn::simulation
