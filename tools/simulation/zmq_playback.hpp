#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daemon/ingest/capture_frames.hpp"
#include "tools/simulation/player.hpp"
#include "tools/simulation/publisher.hpp"

namespace vturn::simulation {

/// A captured byte stream of a ZeroMQ publisher (framing of daemon/ingest/capture_frames.hpp, plain or zstd) on a PUB
/// socket, no message ever dropped. It is checked to its end before anything is sent: a cut-off or damaged one throws
/// with its name, the byte and the number of whole messages before it.
class ZmqPlayback : public Playback {
 public:
  ZmqPlayback(const std::filesystem::path& capture, const std::string& address, double linger_s);

  [[nodiscard]] std::string announcement() const override { return publisher_.endpoint(); }
  [[nodiscard]] const char* awaits() const override { return "a subscriber"; }
  void serve_until(Clock::time_point end) override;
  [[nodiscard]] bool ready() override { return publisher_.subscribers() > 0; }
  [[nodiscard]] std::uint64_t pieces() const override { return messages_; }
  [[nodiscard]] double duration_s() const override { return last_s_ - first_s_; }
  [[nodiscard]] std::optional<double> next_s() const override;
  bool send_next() override;
  void report(tools::Json& summary) const override { summary["capture"] = capture_.string(); }

 private:
  void check();

  std::filesystem::path capture_;
  std::vector<std::uint8_t> bytes_;
  ingest::CaptureFrames frames_;
  ingest::CapturedMessage next_{};
  bool at_end_ = false;
  std::uint64_t messages_ = 0;
  double first_s_ = 0.0, last_s_ = 0.0;
  ZmqContext context_;
  Publisher publisher_;
};

}  // namespace vturn::simulation
