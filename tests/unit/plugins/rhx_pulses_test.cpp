// Stimuli: sent from the decision thread while the reader sees what came of them; and the command connection that both
// threads use. Peers are sockets of the test.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "plugins/intan_rhx/pulses.hpp"
#include "tests/unit/ingest/counted_new.hpp"
#include "tests/unit/plugins/rhx_loopback.hpp"
#include "tests/unit/plugins/test_host.hpp"

using namespace vturn;
using namespace vturn::plugins;
using ingest::RhxOutputEdge;
using ingest::RhxSignal;
using simulation::Descriptor;
using test::loopback;
using test::read_some;

namespace {

const std::string kCommand = "execute manualstimtriggerpulse F1;";
constexpr MonoNs kMs = kNsPerMs;

/// A connected command client with one output on DIGITAL-OUT-01.
struct Rig {
  Rig() {
    client.connect();
    peer = listener.accept();
    while (!client.up()) client.service();
    pulses.add({"laser", "F1", "DIGITAL-OUT-01", "DIGITAL-OUT-01", 10.0}, host.host());
    pulses.set_ready(true);
  }
  std::int32_t fire(std::uint32_t trigger_id) {
    vturn_pulse pulse{};
    pulse.trigger_id = trigger_id;
    pulse.rule = static_cast<std::uint16_t>(trigger_id + 7);
    pulse.kind = VTURN_PULSE_STIM;
    return pulses.fire(0, pulse);
  }
  /// The line goes up and down again.
  void pulse_seen(SampleIndex sample = 1000) {
    pulses.output_edge(edge(true, sample));
    pulses.output_edge(edge(false, sample + 300));
  }
  RhxOutputEdge edge(bool on, SampleIndex sample) const {
    return {{RhxSignal::kDigitalOut, 0, 0}, on, std::uint16_t{on}, sample, sample * 50'000, now()};
  }
  [[nodiscard]] MonoNs now() const { return host.host().mono_now_ns(host.host().context); }
  [[nodiscard]] std::vector<OutputResultInput> results() const {
    std::vector<OutputResultInput> all;
    for (const InputEvent& event : host.events()) {
      if (event.kind == InputKind::kOutputResult) all.push_back(event.payload.output);
    }
    return all;
  }

  test::TestHost host;
  test::Listener listener;
  sockaddr_in address = loopback(listener.port());
  CommandClient client{address};
  Descriptor peer;
  RhxPulses pulses{client};
};

}  // namespace

TEST_CASE("RHX pulse: goes out at once as one command, and counts when the controller's line shows it") {
  Rig rig;
  const MonoNs before_ns = rig.now();
  CHECK(rig.fire(41) == VTURN_RESULT_QUEUED);
  CHECK(read_some(rig.peer, 5000) == kCommand);
  CHECK(rig.results().empty());
  rig.pulse_seen(123456);
  const auto results = rig.results();
  REQUIRE(results.size() == 1);
  CHECK(results[0].result == OutputResult::kFired);
  CHECK(results[0].trigger_id == 41);
  CHECK(results[0].rule == 48);
  CHECK(results[0].fired_mono_ns >= before_ns);
  const InputEvent event = rig.host.events().front();
  CHECK(event.source_sample == 123456);
  CHECK(event.session_time_ns == 123456LL * 50'000);
  rig.pulses.service(rig.now() + kNsPerS);
  CHECK(rig.results().size() == 1);
  CHECK(rig.pulses.foreign() + rig.pulses.unconfirmed() == 0);
}

TEST_CASE("RHX pulse: one that is not seen in half a second has failed; what is seen later is nobody's") {
  Rig rig;
  rig.fire(1);
  rig.pulses.service(rig.now() + RhxPulses::kConfirmNs - 100 * kMs);
  CHECK(rig.results().empty());
  rig.pulses.service(rig.now() + RhxPulses::kConfirmNs + 1);
  REQUIRE(rig.results().size() == 1);
  CHECK(rig.results()[0].result == OutputResult::kFailed);
  CHECK(rig.results()[0].trigger_id == 1);
  CHECK(rig.pulses.unconfirmed() == 1);
  rig.pulse_seen();
  CHECK(rig.pulses.foreign() == 1);
  CHECK(rig.results().size() == 1);
}

TEST_CASE("RHX pulse: results are in session time, whoever is the clock master") {
  Rig rig;
  rig.host.clock.publish(rig.now(), 500 * kNsPerS, 0);
  rig.fire(1);
  rig.pulses.service(rig.now() + RhxPulses::kConfirmNs + 1);
  CHECK(rig.host.events().back().session_time_ns >= 500 * kNsPerS);
  CHECK(rig.host.events().back().session_time_ns < 600 * kNsPerS);
  ingest::ReaderOrigin origin;
  origin.master = false;
  origin.mapping.session_of = [](void*, std::int64_t own_ns, MonoNs) noexcept { return own_ns + 1000; };
  rig.pulses.use_origin(origin);
  rig.fire(2);
  rig.pulse_seen(20);
  CHECK(rig.host.events().back().session_time_ns == 20 * 50'000 + 1000);
}

TEST_CASE("RHX pulse: refused when RHX does not stand ready, and nothing goes out") {
  Rig rig;
  rig.pulses.set_ready(false);
  CHECK(rig.fire(1) == VTURN_RESULT_REFUSED);
  CHECK(read_some(rig.peer, 20).empty());
  rig.pulses.set_ready(true);
  rig.peer.reset();
  test::wait_for("the end of the connection", [&] { return !rig.client.service(); });
  CHECK(rig.fire(2) == VTURN_RESULT_REFUSED);
  rig.pulses.service(rig.now() + kNsPerS);
  CHECK(rig.results().empty());
  rig.pulse_seen();
  CHECK(rig.results().empty());
  CHECK(rig.pulses.foreign() == 1);
  CHECK(rig.pulses.unconfirmed() == 0);
}

TEST_CASE("RHX pulse: a hand on the key and other lines are told apart") {
  Rig rig;
  rig.pulse_seen();
  CHECK(rig.pulses.foreign() == 1);
  rig.fire(1);
  rig.pulses.output_edge({{RhxSignal::kDigitalOut, 0, 1}, true, 2, 1000, 0, rig.now()});
  rig.pulses.output_edge({{RhxSignal::kStim, 0, 0}, true, 5, 1000, 0, rig.now()});
  CHECK(rig.results().empty());
  CHECK(rig.pulses.foreign() == 1);
  rig.pulse_seen(2000);
  CHECK(rig.results().size() == 1);
}

TEST_CASE("RHX pulse: a train is one pulse, and confirms no other one") {
  Rig rig;
  rig.fire(1);
  const auto train = [&](SampleIndex first) {  // 20 kHz: five within the output's 10 ms
    for (SampleIndex i = 0; i < 5; ++i) {
      rig.pulses.output_edge(rig.edge(true, first + 40 * i));
      rig.pulses.output_edge(rig.edge(false, first + 40 * i + 10));
      if (i == 1) rig.fire(2);
    }
  };
  train(1000);
  REQUIRE(rig.results().size() == 1);
  CHECK(rig.results()[0].trigger_id == 1);
  CHECK(rig.pulses.foreign() == 0);
  rig.pulses.service(rig.now() + RhxPulses::kConfirmNs + 1);
  REQUIRE(rig.results().size() == 2);
  CHECK(rig.results()[1].trigger_id == 2);
  CHECK(rig.results()[1].result == OutputResult::kFailed);
  train(20'000);  // a hand on the key; the second edge's own is not seen
  CHECK(rig.pulses.foreign() == 1);
}

TEST_CASE("RHX pulse: a stop has failed while the pulse may still last, which RHX cannot end") {
  Rig rig;
  rig.pulses.add({"long", "F2", "", "DIGITAL-OUT-02", 60'000.0}, rig.host.host());
  vturn_pulse pulse{};
  pulse.trigger_id = 5;
  pulse.kind = VTURN_PULSE_STIM;
  CHECK(rig.pulses.stop(1, 5) == VTURN_RESULT_STOPPED);
  CHECK(rig.pulses.fire(1, pulse) == VTURN_RESULT_QUEUED);
  CHECK(rig.pulses.stop(1, 5) == VTURN_RESULT_FAILED);
  CHECK(rig.pulses.stop(1, 4) == VTURN_RESULT_STOPPED);
  CHECK(rig.pulses.stop(0, 5) == VTURN_RESULT_STOPPED);
  rig.fire(6);
  test::wait_for("the short pulse's end", [&] { return rig.pulses.stop(0, 6) == VTURN_RESULT_STOPPED; });
  CHECK(rig.pulses.stop(1, 5) == VTURN_RESULT_FAILED);
}

TEST_CASE("RHX pulse: more than can wait for their sight are refused, and none is told of twice") {
  Rig rig;
  std::uint32_t queued = 0;
  while (queued < 200 && rig.fire(queued) == VTURN_RESULT_QUEUED) ++queued;
  CHECK(queued >= 60);
  CHECK(queued <= 64);
  rig.pulses.service(rig.now());
  while (queued < 400 && rig.fire(queued) == VTURN_RESULT_QUEUED) ++queued;
  CHECK(queued >= 120);
  CHECK(queued <= 128);
  for (std::uint32_t i = 0; i < queued; ++i) rig.pulse_seen(i * 1000);
  const auto results = rig.results();
  REQUIRE(results.size() == queued);
  for (std::uint32_t i = 0; i < queued; ++i) CHECK(results[i].trigger_id == i);
  CHECK(rig.pulses.foreign() == 0);
}

TEST_CASE("RHX pulse: fire does not allocate") {
  Rig rig;
  rig.fire(0);
  test::take_allocations();
  test::count_allocations(true);
  for (std::uint32_t i = 1; i < 40; ++i) rig.fire(i);
  rig.pulses.set_ready(false);
  rig.fire(40);
  test::count_allocations(false);
  CHECK(test::take_allocations() == 0);
}

TEST_CASE("RHX pulse: fired by one thread, seen by another, none lost, none twice, in order") {
  constexpr std::uint32_t kPulses = 400;
  Rig rig;
  std::atomic<bool> over{false};
  std::string wire;
  std::size_t shown = 0;
  std::thread reader([&] {  // what the source's thread does, and RHX beside it
    const std::string question = rhx_messages({"get currenttimestamp"}).front();
    while (!over || rig.host.pushes() < kPulses) {
      rig.client.try_ask(question, rig.now());
      rig.client.service();
      while (rig.client.answer()) continue;
      wire += read_some(rig.peer, 0);
      const std::size_t commands =
          static_cast<std::size_t>(std::count(wire.begin(), wire.end(), 'F'));  // in no other word
      for (; shown < commands; ++shown) rig.pulse_seen(static_cast<SampleIndex>(shown) * 1000);
      if (wire.ends_with(question)) {
        const std::string answer = "Return: 4711Return: RunMode Run";
        send(rig.peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      rig.pulses.service(rig.now() - kNsPerS);
    }
  });
  std::uint32_t queued = 0;
  for (int tries = 0; queued < kPulses && tries < 10'000'000; ++tries) {
    if (rig.fire(queued) == VTURN_RESULT_QUEUED) ++queued;
    std::this_thread::yield();
  }
  over = true;
  reader.join();
  const auto results = rig.results();
  REQUIRE(results.size() == kPulses);
  for (std::uint32_t i = 0; i < kPulses; ++i) {
    CHECK(results[i].trigger_id == i);
    CHECK(results[i].result == OutputResult::kFired);
  }
  CHECK(rig.pulses.foreign() == 0);
  // Commands and questions came whole, whatever was sent at the same time.
  std::string text = wire;
  for (const std::string& part : {kCommand, rhx_messages({"get currenttimestamp"}).front()}) {
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part)) text.erase(at, part.size());
  }
  CHECK(text.empty());
}

TEST_CASE("RHX commands: one that the socket takes in part is completed before anything else goes") {
  Rig rig;
  const int small = 2048;
  setsockopt(rig.client.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  setsockopt(rig.peer.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  const std::string long_one = rhx_messages({"get " + std::string(900, 'x')}).front();
  std::size_t sent = 0;
  while (sent < 100'000 && rig.client.try_tell(long_one)) ++sent;
  REQUIRE(sent < 100'000);
  CHECK_FALSE(rig.client.try_execute(kCommand));
  std::string wire;
  for (int i = 0; i < 2000 && wire.size() < sent * long_one.size(); ++i) {
    wire += read_some(rig.peer, 10);
    REQUIRE(rig.client.service());
  }
  CHECK(wire.size() == sent * long_one.size());
  CHECK(rig.client.try_execute(kCommand));
  wire += read_some(rig.peer, 5000);
  for (std::size_t i = 0; i < sent; ++i) CHECK(wire.compare(i * long_one.size(), long_one.size(), long_one) == 0);
  CHECK(wire.ends_with(long_one + kCommand));
}

TEST_CASE("RHX commands: a connection that ends while the other thread sends never hands a torn command to the next") {
  Rig rig;
  std::atomic<bool> over{false};
  std::thread decisions([&] {
    while (!over) rig.client.try_execute(kCommand);
  });
  int torn = 0;
  for (int round = 0; round < 40; ++round) {
    std::string wire;
    while (wire.size() < 20 * kCommand.size()) wire += read_some(rig.peer, 10);
    for (std::size_t at = 0; at + kCommand.size() <= wire.size(); at += kCommand.size()) {
      torn += wire.compare(at, kCommand.size(), kCommand) == 0 ? 0 : 1;
    }
    rig.peer.reset();
    while (rig.client.service()) continue;
    for (bool connected = false; !connected; connected = rig.client.up()) {
      rig.client.connect();
      rig.client.service();
    }
    rig.peer = rig.listener.accept();
  }
  over = true;
  decisions.join();
  CHECK(torn == 0);
}
