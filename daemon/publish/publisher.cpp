#include "daemon/publish/publisher.hpp"

#include <zmq.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <zmq.hpp>

#include "daemon/publish/message_pool.hpp"
#include "daemon/wire/topics.hpp"

namespace vturn {
namespace {

template <class Clock>
std::int64_t now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

}  // namespace

class Publisher::Socket {
 public:
  Socket(const PublisherSettings& settings, const wire::EncoderSettings& encoder)
      : pool_(kPoolBytes), context_(settings.curve, settings.io_priority), xpub_(context_.get(), ZMQ_XPUB) {
    encoder_.prepare(encoder);
    // What the messages of a session come in, four in flight of each size; health and long notes come singly. Larger
    // ones, or more at once, add themselves.
    pool_.warm_up(24, 512, 4);
    pool_.warm_up(513, 2048, 1);
    context_.secure(xpub_);
    xpub_.set(zmq::sockopt::sndhwm, settings.send_high_water);
    xpub_.set(zmq::sockopt::xpub_verbose, true);
    xpub_.set(zmq::sockopt::xpub_nodrop, true);
    xpub_.set(zmq::sockopt::maxmsgsize, std::int64_t{kMaxSubscriptionBytes});
    xpub_.set(zmq::sockopt::linger, 500);
    xpub_.bind(settings.address);
    endpoint_ = xpub_.get(zmq::sockopt::last_endpoint);
  }

  void publish(const wire::Encoder::Encoded& encoded) noexcept {
    if (encoded.message == nullptr) return;
    ++published_;
    send(encoded.topic, *encoded.message);
  }

  void service() noexcept {
    pool_.collect();
    recover();
    std::array<bool, wire::kTopicCount> joined{};
    read_subscriptions(joined);
    for (std::size_t i = 0; i < wire::kTopicCount; ++i) {
      if (joined[i]) send_retained(static_cast<wire::Topic>(i));
    }
  }

  wire::Encoder encoder_;
  std::string endpoint_;
  std::uint64_t published_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t copied_ = 0;
  bool stalled_ = false;

 private:
  static constexpr std::size_t kPoolBytes = 16U << 20U;
  static constexpr int kMaxSubscriptionBytes = 1024;
  static constexpr int kSubscriptionsPerService = 256;

  void read_subscriptions(std::array<bool, wire::kTopicCount>& joined) noexcept {
    for (int i = 0; i < kSubscriptionsPerService; ++i) {
      zmq_msg_t message;
      zmq_msg_init(&message);
      const int bytes = zmq_msg_recv(&message, xpub_.handle(), ZMQ_DONTWAIT);
      if (bytes > 0) {
        const std::string_view text(static_cast<const char*>(zmq_msg_data(&message)), static_cast<std::size_t>(bytes));
        if (text[0] == 1) join(text.substr(1), joined);
      }
      zmq_msg_close(&message);
      if (bytes < 0) return;
    }
  }

  void join(std::string_view prefix, std::array<bool, wire::kTopicCount>& joined) noexcept {
    for (std::size_t i = 0; i < wire::kTopicCount; ++i) {
      if (wire::kTopicNames[i].substr(0, prefix.size()) != prefix) continue;
      wanted_[i] = true;
      joined[i] = true;
    }
  }

  void send_retained(wire::Topic topic) noexcept {
    const auto retained = encoder_.retained(topic);
    for (std::size_t i = 0; i < retained.count; ++i) send(topic, *retained.messages[i]);
  }

  void send(wire::Topic topic, const google::protobuf::MessageLite& message) noexcept {
    // Nobody ever asked for it. (Once somebody has, leaving is not tracked: a cancelled subscription that a client
    // never had looks the same, and must not silence the topic for others.)
    if (!wanted_[wire::index(topic)]) return;
    if (stalled_) ++dropped_;
    const std::size_t size = message.ByteSizeLong();
    MessagePool::Slot* const slot = pool_.acquire(size);
    if (slot == nullptr) return send_copy(topic, message, size);
    message.SerializeWithCachedSizesToArray(slot->buffer.get());
    zmq_msg_t payload = pool_.take(slot);
    if (!send_frames(topic, payload)) zmq_msg_close(&payload);
  }

  void send_copy(wire::Topic topic, const google::protobuf::MessageLite& message, std::size_t size) noexcept {
    ++copied_;
    zmq_msg_t copy;
    if (zmq_msg_init_size(&copy, size) != 0) {
      ++dropped_;
      return;
    }
    message.SerializeWithCachedSizesToArray(static_cast<std::uint8_t*>(zmq_msg_data(&copy)));
    if (!send_frames(topic, copy)) zmq_msg_close(&copy);
  }

  bool send_frames(wire::Topic topic, zmq_msg_t& payload) noexcept {
    const std::string_view name = wire::topic_name(topic);
    zmq_msg_t frame;
    zmq_msg_init_size(&frame, name.size());  // held within the message itself: up to 33 bytes ZeroMQ allocates nothing
    std::memcpy(zmq_msg_data(&frame), name.data(), name.size());
    if (send_frame(frame, ZMQ_SNDMORE) && send_frame(payload, 0)) return true;
    zmq_msg_close(&frame);
    ++dropped_;
    return false;
  }

  // EAGAIN: a subscriber's queue is full. From then on the socket drops for such subscribers instead, which lose
  // messages while the others get theirs; the topic frame decides for both frames.
  bool send_frame(zmq_msg_t& frame, int flags) noexcept {
    if (stalled_ && flags != 0) take_acknowledgements();
    if (zmq_msg_send(&frame, xpub_.handle(), flags | ZMQ_DONTWAIT) >= 0) return true;
    if (errno != EAGAIN || stalled_) return false;
    take_acknowledgements();
    if (zmq_msg_send(&frame, xpub_.handle(), flags | ZMQ_DONTWAIT) >= 0) return true;
    set_stalled(true);
    ++dropped_;
    return zmq_msg_send(&frame, xpub_.handle(), flags | ZMQ_DONTWAIT) >= 0;
  }

  // Sending looks only about once a millisecond at what subscribers have taken: after a dense burst a queue may look
  // full that is not. Asking for events looks at once.
  void take_acknowledgements() noexcept {
    int events = 0;
    std::size_t size = sizeof events;
    zmq_getsockopt(xpub_.handle(), ZMQ_EVENTS, &events, &size);
  }

  // Recovered once nobody holds anything: the stalled one has read all it had, or has gone. That some of it was read
  // would not do: the socket does not tell when it goes on dropping for a subscriber.
  void recover() noexcept {
    if (stalled_ && pool_.in_flight() == 0) set_stalled(false);
  }

  void set_stalled(bool stalled) noexcept {
    stalled_ = stalled;
    const int nodrop = stalled ? 0 : 1;
    zmq_setsockopt(xpub_.handle(), ZMQ_XPUB_NODROP, &nodrop, sizeof nodrop);
  }

  // In this order: the pool outlives the context, whose threads give messages back to it, which outlives the socket.
  MessagePool pool_;
  ServerContext context_;
  zmq::socket_t xpub_;
  std::array<bool, wire::kTopicCount> wanted_{};
};

Publisher::Publisher() = default;
Publisher::~Publisher() = default;

void Publisher::prepare(const PublisherSettings& settings, const wire::EncoderSettings& encoder) {
  const std::string problem = endpoint_problem(settings.address, settings.allow_remote, settings.curve);
  if (!problem.empty()) throw std::runtime_error("publish: " + problem);
  try {
    socket_ = std::make_unique<Socket>(settings, encoder);
  } catch (const zmq::error_t& error) {
    throw std::runtime_error("publish: address '" + settings.address + "': " + error.what() +
                             "; is another vturnd running?");
  }
}

const std::string& Publisher::endpoint() const noexcept {
  static const std::string none;
  return socket_ ? socket_->endpoint_ : none;
}

void Publisher::publish(const OutputEvent& event, const wire::Stamps& stamps, std::string_view text) noexcept {
  if (!socket_) return;
  wire::Stamps complete = stamps;
  complete.published_ns = now_ns<std::chrono::steady_clock>();
  complete.wall_time_unix_ns = now_ns<std::chrono::system_clock>();
  socket_->publish(socket_->encoder_.encode(event, complete, text));
}

void Publisher::publish_health(const wire::HealthSnapshot& health) noexcept {
  if (socket_) socket_->publish(socket_->encoder_.encode(health, now_ns<std::chrono::system_clock>()));
}

void Publisher::publish_calibration(const wire::CalibrationSnapshot& calibration, SessionNs session_time_ns) noexcept {
  if (!socket_) return;
  const std::int64_t wall_ns = now_ns<std::chrono::system_clock>();
  socket_->publish(socket_->encoder_.encode(calibration, session_time_ns, wall_ns));
}

void Publisher::service() noexcept {
  if (socket_) socket_->service();
}

std::uint64_t Publisher::published() const noexcept { return socket_ ? socket_->published_ : 0; }
std::uint64_t Publisher::dropped() const noexcept { return socket_ ? socket_->dropped_ : 0; }
std::uint64_t Publisher::copied() const noexcept { return socket_ ? socket_->copied_ : 0; }
bool Publisher::stalled() const noexcept { return socket_ && socket_->stalled_; }

}  // namespace vturn
