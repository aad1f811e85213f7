#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "plugins/common/datagram.hpp"
#include "tests/unit/plugins/test_host.hpp"

using namespace vturn;
using nlohmann::json;
using test::TestHost;

namespace {

class Output {
 public:
  Output(const std::string& type, TestHost& host, const std::string& config, void* source = nullptr)
      : functions_(*test::load(type).output) {
    std::array<char, 512> error{};
    instance_ = functions_.create(&host.host(), config.c_str(), source, error.data(), error.size());
    INFO(error.data());
    REQUIRE(instance_ != nullptr);
  }
  ~Output() { functions_.destroy(instance_); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  std::int32_t fire(std::uint32_t id, std::uint8_t kind = VTURN_PULSE_STIM) {
    const vturn_pulse pulse{123'456'789'012, 77, id, 12.25F, 3, kind, {}};
    return functions_.fire(instance_, &pulse);
  }
  std::int32_t stop(std::uint32_t id) { return functions_.stop(instance_, id); }
  std::string self_test() {
    std::array<char, 512> error{};
    const auto result = functions_.self_test(instance_, error.data(), error.size());
    CHECK((result == 0) == (error[0] == '\0'));
    return error.data();
  }

 private:
  const vturn_output_functions& functions_;
  void* instance_ = nullptr;
};

/// A loopback receiver on a port of the kernel's choice.
class Receiver {
 public:
  explicit Receiver(std::uint16_t port = 0) : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    const timeval patience{30, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Receiver() { close(fd_); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  json next() {
    std::array<char, 1024> buffer;
    const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
    REQUIRE(size > 0);
    return json::parse(std::string(buffer.data(), static_cast<std::size_t>(size)));
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("the mock output says fired or sham, and fails when configured") {
  TestHost host;
  Output output("mock", host, R"({"name":"laser","fail_every":3})");
  CHECK(output.self_test().empty());
  CHECK(output.fire(1) == VTURN_RESULT_FIRED);
  CHECK(output.fire(2, VTURN_PULSE_SHAM) == VTURN_RESULT_SHAM);
  CHECK(output.fire(3) == VTURN_RESULT_FAILED);
  CHECK(output.fire(4) == VTURN_RESULT_FIRED);
  CHECK(output.stop(4) == VTURN_RESULT_STOPPED);
  Output faulty("mock", host, R"({"fail_self_test":true})");
  CHECK(faulty.self_test().find("fail_self_test") != std::string::npos);
}

TEST_CASE("the mock output's file holds every pulse in order") {
  TestHost host;
  const auto path = std::filesystem::temp_directory_path() / ("vturn-mock-" + std::to_string(getpid()) + ".csv");
  {
    Output output("mock", host, json{{"file", path.string()}}.dump());
    for (std::uint32_t id = 1; id <= 500; ++id) output.fire(id, id % 2 == 0 ? VTURN_PULSE_SHAM : VTURN_PULSE_STIM);
    output.stop(500);
  }
  std::ifstream file(path);
  std::string line;
  REQUIRE(std::getline(file, line));
  CHECK(line == "what,trigger_id,session_time_ns,mono_ns,pulse_ms");
  for (int id = 1; id <= 500; ++id) {
    REQUIRE(std::getline(file, line));
    const std::string expected = std::string(id % 2 == 0 ? "sham," : "fire,") + std::to_string(id) + ",123456789012,";
    CHECK(line.starts_with(expected));
    CHECK(line.ends_with(",12.25"));
  }
  REQUIRE(std::getline(file, line));
  CHECK(line.starts_with("stop,500,"));
  CHECK_FALSE(std::getline(file, line));
  std::filesystem::remove(path);
}

TEST_CASE("a file that cannot be written is refused at set-up") {
  const std::string error = test::output_refusal(test::load("mock"), R"({"file":"/nonexistent/mock.csv"})");
  CHECK(error.find("/nonexistent/mock.csv") != std::string::npos);
}

TEST_CASE("the UDP output sends one datagram a pulse, that says what it is") {
  TestHost host;
  Receiver receiver;
  Output output("udp", host, json{{"name", "laser"}, {"address", receiver.address()}}.dump());
  CHECK(output.self_test().empty());
  CHECK(output.fire(7) == VTURN_RESULT_FIRED);
  CHECK(receiver.next() ==
        json{{"kind", "fire"}, {"trigger_id", 7}, {"session_time_ns", 123'456'789'012}, {"pulse_ms", 12.25}});
  CHECK(output.fire(8, VTURN_PULSE_SHAM) == VTURN_RESULT_SHAM);
  const json sham = receiver.next();
  CHECK(sham["kind"] == "sham");
  CHECK(sham["trigger_id"] == 8);
  CHECK(output.stop(7) == VTURN_RESULT_STOPPED);
  const json stop = receiver.next();
  CHECK(stop["kind"] == "stop");
  CHECK(stop["trigger_id"] == 7);
}

TEST_CASE("the UDP output's pulse has failed when nobody listens, and goes out again when somebody does") {
  TestHost host;
  std::optional<Receiver> receiver(std::in_place);
  const std::uint16_t port = receiver->port();
  Output output("udp", host, json{{"name", "laser"}, {"address", receiver->address()}}.dump());
  receiver.reset();
  // The refusal may be a moment late.
  test::wait_for("the failure", [&] { return output.fire(1) == VTURN_RESULT_FAILED; });
  test::wait_for("a sham's failure", [&] { return output.fire(2, VTURN_PULSE_SHAM) == VTURN_RESULT_FAILED; });
  test::wait_for("a stop's failure", [&] { return output.stop(1) == VTURN_RESULT_FAILED; });
  receiver.emplace(port);
  CHECK(output.self_test().empty());
  CHECK(output.fire(3) == VTURN_RESULT_FIRED);
  CHECK(receiver->next()["trigger_id"] == 3);
}

TEST_CASE("the UDP output keeps to loopback unless allowed out, and its address is checked") {
  const vturn_plugin& udp = test::load("udp");
  CHECK(test::output_refusal(udp, R"({"name":"laser","address":"192.0.2.1:5701"})").find("allow_remote") !=
        std::string::npos);
  for (const char* address : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "laser:5701", "::1:5"}) {
    INFO(address);
    const std::string error = test::output_refusal(udp, json{{"name", "laser"}, {"address", address}}.dump());
    CHECK(error.find("\"laser\": address") != std::string::npos);
  }
  CHECK_FALSE(plugins::is_loopback(*plugins::parse_endpoint("128.0.0.1:1")));
  CHECK(plugins::is_loopback(*plugins::parse_endpoint("127.255.0.1:65535")));
}

TEST_CASE("the example is a source and an output at once") {
  TestHost host;
  test::RunningSource source(test::load("metronome"), host, R"({"name":"beat","master":true,"period_ms":5})");
  std::array<char, 256> error{};
  CHECK(test::load("metronome").output->create(&host.host(), "{}", nullptr, error.data(), error.size()) == nullptr);
  CHECK(std::string(error.data()).find("source") != std::string::npos);
  Output output("metronome", host, "{}", source.instance());
  CHECK(output.self_test().empty());
  CHECK(output.fire(1) == VTURN_RESULT_FIRED);
  CHECK(output.fire(2, VTURN_PULSE_SHAM) == VTURN_RESULT_SHAM);
  CHECK(output.fire(3) == VTURN_RESULT_FIRED);
  test::wait_for("ten beats", [&] { return host.count(InputKind::kTtl) >= 10; });
  source.stop();
  std::size_t beats = 0, pulses = 0;
  for (const InputEvent& event : host.events()) {
    if (event.kind != InputKind::kTtl) continue;
    ++(event.payload.ttl.line == 0 ? beats : pulses);
    CHECK((event.flags & kFlagMaster) != 0);
  }
  CHECK(pulses == 2);
  CHECK(beats >= 8);
  CHECK(host.counter(VTURN_TTL_RECEIVED) == beats + pulses);
  CHECK(host.events().front().payload.source.change == SourceChange::kUp);
  std::uint64_t cursor = 0;
  SessionNs edge = 0;
  CHECK(host.clock.ttl_edges(1, cursor, &edge, 1) == 1);
}

TEST_CASE("the example refuses a period out of range") {
  CHECK(test::source_refusal(test::load("metronome"), R"({"period_ms":0})").find("expected 1 to 60000") !=
        std::string::npos);
}
