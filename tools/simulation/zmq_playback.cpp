#include "tools/simulation/zmq_playback.hpp"

#include <stdexcept>
#include <thread>

#include "tools/lib/interrupt.hpp"
#include "tools/lib/zst_file.hpp"

namespace vturn::simulation {
namespace {

constexpr int kNoHighWater = 0;

const char* what_is_wrong(ingest::CaptureStep step) {
  switch (step) {
    case ingest::CaptureStep::kTruncated:
      return "it ends inside a message: the file is cut off";
    case ingest::CaptureStep::kPartCount:
      return "a message says it has no or too many parts: this is not a capture, or a damaged one";
    default:
      return "a receive time is not a number: this is not a capture, or a damaged one";
  }
}

std::vector<std::uint8_t> read(const std::filesystem::path& file) {
  auto bytes = tools::read_file_or_zst(file);
  if (!bytes) throw std::runtime_error(bytes.error());
  return std::move(*bytes);
}

}  // namespace

ZmqPlayback::ZmqPlayback(const std::filesystem::path& capture, const std::string& address, double linger_s)
    : capture_(capture), bytes_(read(capture)), frames_(bytes_), publisher_(context_, address, kNoHighWater) {
  check();
  publisher_.linger(std::chrono::milliseconds(static_cast<std::int64_t>(linger_s * 1e3)));
  at_end_ = frames_.next(next_) != ingest::CaptureStep::kMessage;
}

void ZmqPlayback::check() {
  ingest::CaptureFrames frames(bytes_);
  ingest::CapturedMessage message;
  ingest::CaptureStep step{};
  while ((step = frames.next(message)) == ingest::CaptureStep::kMessage) {
    if (messages_++ == 0) first_s_ = message.received_s;
    last_s_ = message.received_s;
  }
  if (step != ingest::CaptureStep::kEnd) {
    throw std::runtime_error(capture_.string() + ": byte " + std::to_string(frames.offset()) + ", after " +
                             std::to_string(messages_) + " whole messages: " + what_is_wrong(step));
  }
  if (messages_ == 0) throw std::runtime_error(capture_.string() + ": the capture is empty");
}

void ZmqPlayback::serve_until(Clock::time_point end) {
  publisher_.subscribers();
  std::this_thread::sleep_until(end);
}

std::optional<double> ZmqPlayback::next_s() const {
  if (at_end_) return std::nullopt;
  return next_.received_s - first_s_;
}

bool ZmqPlayback::send_next() {
  if (!publisher_.send(next_.frames(), tools::interrupted)) return false;
  at_end_ = frames_.next(next_) != ingest::CaptureStep::kMessage;
  return true;
}

}  // namespace vturn::simulation
