// A subscriber that stops reading, or is stopped, must harm nobody: the others lose nothing, and whatever it gets later
// is whole and in order. Message buffers are reused without copying, so a wrong reuse would show here.
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vturn/v1/events.pb.h>

#include <array>
#include <atomic>

#include "tests/unit/publish/loopback.hpp"

namespace {

using namespace vturn;
using namespace vturn::test;

constexpr int kHighWater = 50;

// Notes whose length and letters follow from their number, so that any mixture of two messages is found out.
std::string note_of(std::int64_t number) {
  return std::string(static_cast<std::size_t>(1 + number * 37 % 900), static_cast<char>('a' + number % 26));
}

void publish_note(Publisher& publisher, std::int64_t number) {
  OutputEvent event = output(OutputKind::kSession, number);
  event.payload.session.change = SessionChange::kNote;
  event.payload.session.count = static_cast<std::uint64_t>(number);
  publisher.publish(event, {}, note_of(number));
}

/// Number of an intact note, 0 for a damaged message, -1 for another topic's.
std::int64_t number_of(const std::string& topic, const std::string& payload) {
  if (topic != "session") return -1;
  v1::Session session;
  if (!session.ParseFromString(payload)) return 0;
  const std::int64_t number = session.header().source_sample();
  const bool intact = static_cast<std::int64_t>(session.header().sequence()) == number &&
                      static_cast<std::int64_t>(session.count()) == number && session.text() == note_of(number);
  return intact ? number : 0;
}

/// Reads everything on its own thread; counts notes and checks that none is missing.
class Reader {
 public:
  explicit Reader(Subscriber& subscriber) : thread_([this, &subscriber] { run(subscriber); }) {}
  ~Reader() {
    stop_ = true;
    thread_.join();
  }
  void await(std::int64_t number) {
    INFO("last " << last_ << ", awaited " << number);
    REQUIRE(until([&] { return last_ >= number || broken_; }));
    REQUIRE_FALSE(broken_);
  }

 private:
  void run(Subscriber& subscriber) {
    while (!stop_) {
      const auto message = subscriber.receive(std::chrono::milliseconds(20));
      if (!message) continue;
      const std::int64_t number = number_of(message->topic, message->payload);
      if (number < 0) continue;
      if (number != last_ + 1) broken_ = true;
      last_ = number;
    }
  }

  std::atomic<std::int64_t> last_{0};
  std::atomic<bool> broken_{false};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// In steps smaller than the high-water mark, so that a reader that reads is never full.
void publish_notes(Publisher& publisher, Reader& reader, std::int64_t first, std::int64_t last) {
  for (std::int64_t number = first; number <= last; ++number) {
    publish_note(publisher, number);
    if (number % (kHighWater / 2) != 0) continue;
    publisher.service();
    reader.await(number);
  }
  reader.await(last);
}

TEST_CASE("a subscriber that never reads takes nothing from the others, and reads whole messages in the end") {
  Publisher publisher;
  publisher.prepare(publisher_settings(kHighWater), encoder_settings());
  Subscriber live(publisher.endpoint(), {"session", "turn"});
  Subscriber idle(publisher.endpoint(), {"session", "turn"}, 1);
  await_subscribed(publisher, idle);
  await_subscribed(publisher, live);
  constexpr std::int64_t kNotes = 20'000;
  {
    Reader reader(live);
    publish_notes(publisher, reader, 1, kNotes);
  }
  CHECK(publisher.stalled());
  CHECK(publisher.dropped() > 0);
  CHECK(publisher.dropped() <= kNotes + 1'000);  // and the turns that awaited the subscription

  std::int64_t last = 0, received = 0;
  while (const auto message = idle.receive(std::chrono::milliseconds(300))) {
    const std::int64_t number = number_of(message->topic, message->payload);
    if (number < 0) continue;
    REQUIRE(number > last);
    last = number;
    ++received;
  }
  CHECK(received > 0);
  CHECK(kNotes - received <= static_cast<std::int64_t>(publisher.dropped()));
  REQUIRE(until([&] {
    publisher.service();
    return !publisher.stalled();
  }));
}

TEST_CASE("a stalled subscriber that unsubscribes still finds its queued messages whole") {
  Publisher publisher;
  publisher.prepare(publisher_settings(kHighWater), encoder_settings());
  Subscriber live(publisher.endpoint(), {"session", "turn"});
  Subscriber idle(publisher.endpoint(), {"session", "turn", "veto"}, 1);
  await_subscribed(publisher, idle);
  await_subscribed(publisher, live);
  Reader reader(live);
  publish_notes(publisher, reader, 1, 3'000);
  idle.socket().set(zmq::sockopt::unsubscribe, "session");
  publish_notes(publisher, reader, 3'001, 9'000);
  // Subscribed again: what was queued before it left is delivered, and must be what it was.
  idle.socket().set(zmq::sockopt::subscribe, "session");
  std::int64_t last = 0, received = 0;
  while (const auto message = idle.receive(std::chrono::milliseconds(300))) {
    const std::int64_t number = number_of(message->topic, message->payload);
    if (number < 0) continue;
    REQUIRE(number > last);
    last = number;
    ++received;
  }
  CHECK(received > 0);
}

bool is_stop(const std::string& payload) {
  v1::Session session;
  return session.ParseFromString(payload) && session.change() == v1::SESSION_CHANGE_STOP;
}

/// Child process: writes 's' after its first note, and after the session's stop 'y' when all were whole and in order.
[[noreturn]] void subscribe_in_child(const std::string& endpoint, int report) {
  zmq::context_t context;
  zmq::socket_t socket(context, zmq::socket_type::sub);
  socket.set(zmq::sockopt::rcvhwm, 1);
  socket.set(zmq::sockopt::rcvbuf, 4096);
  socket.set(zmq::sockopt::subscribe, "session");
  socket.connect(endpoint);
  const auto tell = [report](char letter) {
    if (write(report, &letter, 1) != 1) _exit(1);
  };
  std::int64_t last = 0;
  for (;;) {
    zmq::message_t topic, payload;
    if (!socket.recv(topic) || !socket.recv(payload)) _exit(1);
    if (is_stop(payload.to_string())) break;
    const std::int64_t number = number_of(topic.to_string(), payload.to_string());
    if (number <= last) {
      tell('n');
      _exit(1);
    }
    if (last == 0) tell('s');
    last = number;
  }
  tell('y');
  _exit(0);
}

/// The child, forked before this process has threads; ended by its pid.
class Child {
 public:
  Child() {
    REQUIRE(pipe(endpoint_) == 0);
    REQUIRE(pipe(report_) == 0);
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ != 0) return;
    std::array<char, 64> endpoint{};
    if (read(endpoint_[0], endpoint.data(), endpoint.size() - 1) <= 0) _exit(1);
    subscribe_in_child(endpoint.data(), report_[1]);
  }
  ~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    for (const int fd : {endpoint_[0], endpoint_[1], report_[0], report_[1]}) close(fd);
  }
  void connect(const std::string& endpoint) const {
    REQUIRE(write(endpoint_[1], endpoint.data(), endpoint.size()) > 0);
  }
  void send(int signal_number) const { kill(pid_, signal_number); }
  /// What it has written since, 0 when nothing.
  [[nodiscard]] char told() const {
    pollfd ready{report_[0], POLLIN, 0};
    char letter = 0;
    return poll(&ready, 1, 0) > 0 && read(report_[0], &letter, 1) == 1 ? letter : '\0';
  }

 private:
  int endpoint_[2] = {}, report_[2] = {};
  pid_t pid_ = -1;
};

TEST_CASE("a subscriber stopped by SIGSTOP goes on with whole messages after SIGCONT") {
  const Child child;
  Publisher publisher;
  publisher.prepare(publisher_settings(kHighWater), encoder_settings());
  child.connect(publisher.endpoint());
  std::int64_t number = 0;
  const auto until_told = [&](char letter, auto publish) {
    return until([&] {
      publisher.service();
      publish();
      return child.told() == letter;
    });
  };
  REQUIRE(until_told('s', [&] { publish_note(publisher, ++number); }));
  child.send(SIGSTOP);
  // On a busy machine it goes on reading for a while.
  CHECK(until([&] {
    for (int i = 0; i < 1000; ++i) publish_note(publisher, ++number);
    publisher.service();
    return publisher.stalled();
  }));
  child.send(SIGCONT);
  REQUIRE(until([&] {
    publisher.service();
    publish_note(publisher, ++number);
    return !publisher.stalled();
  }));
  OutputEvent stop = output(OutputKind::kSession);
  stop.payload.session.change = SessionChange::kStop;
  CHECK(until_told('y', [&] { publisher.publish(stop, {}); }));
}

}  // namespace
