#include "tools/simulation/player.hpp"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>

#include "daemon/ingest/capture_frames.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/progress.hpp"
#include "tools/lib/zst_file.hpp"
#include "tools/simulation/follower.hpp"
#include "tools/simulation/publisher.hpp"

namespace vturn::simulation {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
constexpr int kNoHighWater = 0;

struct CaptureFacts {
  std::uint64_t messages = 0;
  double first_s = 0.0, last_s = 0.0;
};

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

CaptureFacts check_capture(const std::filesystem::path& file, ingest::Bytes bytes) {
  ingest::CaptureFrames frames(bytes);
  ingest::CapturedMessage message;
  CaptureFacts facts;
  ingest::CaptureStep step{};
  while ((step = frames.next(message)) == ingest::CaptureStep::kMessage) {
    if (facts.messages++ == 0) facts.first_s = message.received_s;
    facts.last_s = message.received_s;
  }
  if (step != ingest::CaptureStep::kEnd) {
    throw std::runtime_error(file.string() + ": byte " + std::to_string(frames.offset()) + ", after " +
                             std::to_string(facts.messages) + " whole messages: " + what_is_wrong(step));
  }
  if (facts.messages == 0) throw std::runtime_error(file.string() + ": the capture is empty");
  return facts;
}

class Player {
 public:
  Player(const PlaySettings& settings, std::vector<std::uint8_t> bytes)
      : settings_(settings),
        bytes_(std::move(bytes)),
        facts_(check_capture(settings.capture, bytes_)),
        publisher_(context_, settings.address, kNoHighWater) {
    publisher_.linger(std::chrono::milliseconds(static_cast<std::int64_t>(settings.linger_s * 1e3)));
    if (!settings.follow.empty()) follower_.emplace(context_, settings.follow);
  }

  PlayResult run() {
    std::fprintf(stderr, "vturn play: %s, %llu messages of %.1f s%s\n", publisher_.endpoint().c_str(),
                 static_cast<unsigned long long>(facts_.messages), facts_.last_s - facts_.first_s,
                 settings_.wait_subscriber ? "; waiting for a subscriber" : "");
    const bool ready = !settings_.wait_subscriber || publisher_.wait_subscriber(tools::interrupted);
    const auto start = Clock::now();
    if (ready) send_all(start);
    const tools::Json summary{{"capture", settings_.capture.string()},
                              {"messages", facts_.messages},
                              {"sent", sent_},
                              {"recorded_s", facts_.last_s - facts_.first_s},
                              {"wall_s", Seconds(Clock::now() - start).count()},
                              {"interrupted", tools::interrupted()}};
    return {summary, tools::interrupted() ? tools::kInterruptedExitCode : sent_ == facts_.messages ? 0 : 1};
  }

 private:
  void send_all(Clock::time_point start) {
    tools::Progress progress("messages played", facts_.messages);
    ingest::CaptureFrames frames(bytes_);
    ingest::CapturedMessage message;
    while (frames.next(message) == ingest::CaptureStep::kMessage) {
      const double time_s = message.received_s - facts_.first_s;
      if (!wait_until(time_s, start) || !publisher_.send(message.frames(), tools::interrupted)) return;
      progress.update(++sent_);
    }
  }

  bool wait_until(double time_s, Clock::time_point start) {
    if (settings_.speed > 0.0) {
      const auto due = start + std::chrono::duration_cast<Clock::duration>(Seconds(time_s / settings_.speed));
      // In pieces, so that Ctrl-C is heard during a long pause of the recording.
      while (Clock::now() < due && !tools::interrupted()) {
        std::this_thread::sleep_until(std::min(due, Clock::now() + std::chrono::milliseconds(100)));
      }
    }
    return follower_ ? wait_for_vturnd(time_s) : !tools::interrupted();
  }

  bool wait_for_vturnd(double time_s) {
    const auto give_up = Clock::now() + Seconds(settings_.follow_timeout_s);
    follower_->service();
    while (time_s > seconds(follower_->published_ns().value_or(0)) + settings_.run_ahead_ms * 1e-3) {
      if (tools::interrupted()) return false;
      if (Clock::now() > give_up) {
        std::fprintf(stderr,
                     "vturn play: vturnd at %s has published no session time near %.3f s for %.0f s: is it running "
                     "with this source as clock master? (--run-ahead-ms, --follow-timeout)\n",
                     settings_.follow.c_str(), time_s, settings_.follow_timeout_s);
        return false;
      }
      follower_->wait(std::chrono::milliseconds(20));
      follower_->service();
    }
    return true;
  }

  PlaySettings settings_;
  std::vector<std::uint8_t> bytes_;
  CaptureFacts facts_;
  ZmqContext context_;
  Publisher publisher_;
  std::optional<Follower> follower_;
  std::uint64_t sent_ = 0;
};

}  // namespace

PlayResult play(const PlaySettings& settings) {
  const tools::InterruptScope interrupt;
  auto bytes = tools::read_file_or_zst(settings.capture);
  if (!bytes) throw std::runtime_error(bytes.error());
  return Player(settings, std::move(*bytes)).run();
}

}  // namespace vturn::simulation
