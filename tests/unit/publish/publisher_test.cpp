// Real sockets on the loopback: what subscribers get, and above all what a late one does not get.
#include <vturn/v1/events.pb.h>

#include "tests/unit/publish/loopback.hpp"

namespace {

using namespace vturn;
using namespace vturn::test;

TEST_CASE("two subscribers get every message of their topics, in sequence, with hops and wall time") {
  Publisher publisher;
  publisher.prepare(publisher_settings(), encoder_settings());
  Subscriber all(publisher.endpoint(), {""});
  Subscriber triggers(publisher.endpoint(), {"turn", "trigger"});
  await_subscribed(publisher, all);
  await_subscribed(publisher, triggers);
  while (all.receive(std::chrono::milliseconds(50))) continue;

  for (int i = 1; i <= 200; ++i) {
    publisher.publish(output(OutputKind::kTrigger, i), {.dequeued_ns = 5});
    publisher.publish(output(OutputKind::kVeto, i), {});
  }
  for (int i = 1; i <= 200; ++i) {
    const auto trigger = parse<v1::Trigger>(*triggers.receive());
    REQUIRE(trigger.header().sequence() == static_cast<std::uint64_t>(i));
    REQUIRE(trigger.header().source_sample() == i);
    REQUIRE(trigger.hops().dequeued_ns() == 5);
    REQUIRE(trigger.hops().published_ns() > 0);
    REQUIRE(trigger.header().wall_time_unix_ns() > 1'500'000'000'000'000'000);
    REQUIRE(trigger.arm() == v1::ARM_STIM);
    const auto first = all.receive(), second = all.receive();
    REQUIRE(first->topic == "trigger");
    REQUIRE(second->topic == "veto");
    REQUIRE(parse<v1::Veto>(*second).header().sequence() == static_cast<std::uint64_t>(i));
  }
  CHECK(publisher.dropped() == 0);
}

TEST_CASE("a late joiner gets the retained state, marked, and never anything to fire on") {
  Publisher publisher;
  publisher.prepare(publisher_settings(), encoder_settings());
  OutputEvent start = output(OutputKind::kSession);
  start.payload.session.change = SessionChange::kStart;
  publisher.publish(start, {});
  for (int i = 1; i <= 5; ++i) {
    for (const auto kind : {OutputKind::kHeading, OutputKind::kSleep, OutputKind::kTurn, OutputKind::kPopulation,
                            OutputKind::kTrigger, OutputKind::kVeto}) {
      publisher.publish(output(kind, i), {});
    }
  }
  publisher.publish_health({});

  std::vector<std::string> topics;
  const auto join = [&] {
    Subscriber late(publisher.endpoint(), {""});
    REQUIRE(until([&] {
      publisher.service();
      const auto message = late.receive(std::chrono::milliseconds(5));
      if (message) {
        v1::Heading any;  // all messages begin with the header
        any.ParseFromString(message->payload);
        CHECK(any.header().retained());
        topics.push_back(message->topic);
      }
      return topics.size() == 4;
    }));
    CHECK_FALSE(late.receive(std::chrono::milliseconds(50)).has_value());
  };
  join();
  CHECK(topics == std::vector<std::string>{"heading", "sleep", "session", "health"});
  // The second joiner subscribes to what is subscribed already, or was: it must be seen all the same.
  topics.clear();
  join();
  CHECK(topics.size() == 4);
}

TEST_CASE("a retained message keeps its sequence number, and what follows is not marked") {
  Publisher publisher;
  publisher.prepare(publisher_settings(), encoder_settings());
  for (int i = 1; i <= 3; ++i) publisher.publish(output(OutputKind::kHeading, i), {});
  Subscriber late(publisher.endpoint(), {"heading"});
  std::optional<Subscriber::Message> message;
  REQUIRE(until([&] {
    publisher.service();
    message = late.receive(std::chrono::milliseconds(5));
    return message.has_value();
  }));
  CHECK(parse<v1::Heading>(*message).header().sequence() == 3);
  publisher.publish(output(OutputKind::kHeading, 4), {});
  const auto next = parse<v1::Heading>(*late.receive());
  CHECK(next.header().sequence() == 4);
  CHECK_FALSE(next.header().retained());
}

TEST_CASE("a blinded session publishes no arm") {
  Publisher publisher;
  publisher.prepare(publisher_settings(), encoder_settings(true));
  Subscriber subscriber(publisher.endpoint(), {""});
  await_subscribed(publisher, subscriber);
  publisher.publish(output(OutputKind::kTrigger), {});
  CHECK_FALSE(parse<v1::Trigger>(*subscriber.receive()).has_arm());
}

TEST_CASE("what was published before the end still reaches its subscriber") {
  auto publisher = std::make_unique<Publisher>();
  publisher->prepare(publisher_settings(), encoder_settings());
  Subscriber subscriber(publisher->endpoint(), {""});
  await_subscribed(*publisher, subscriber);
  OutputEvent stop = output(OutputKind::kSession);
  stop.payload.session.change = SessionChange::kStop;
  publisher->publish(stop, {}, "the end");
  publisher.reset();
  CHECK(parse<v1::Session>(*subscriber.receive()).text() == "the end");
}

TEST_CASE("an address in use and a malformed one are told in one line") {
  Publisher first, second;
  first.prepare(publisher_settings(), encoder_settings());
  auto settings = publisher_settings();
  settings.address = first.endpoint();
  CHECK_THROWS_WITH(second.prepare(settings, encoder_settings()), Catch::Contains("is another vturnd running"));
  settings.address = "127.0.0.1:5600";
  CHECK_THROWS_WITH(second.prepare(settings, encoder_settings()), Catch::Contains("expected tcp://HOST:PORT"));
  second.publish(output(OutputKind::kTurn), {});  // ignored: not prepared
  CHECK(second.published() == 0);
}

}  // namespace
