// The control socket over the loopback: one reply a request, and no client can break it for the next one.
#include "daemon/publish/control_server.hpp"

#include <vturn/v1/control.pb.h>

#include <atomic>

#include "tests/unit/publish/loopback.hpp"

namespace {

using namespace vturn;
using namespace vturn::test;

class Target : public ControlTarget {
 public:
  std::string submit(std::span<const InputEvent> events) override {
    submitted += static_cast<int>(events.size());
    return "";
  }
  wire::HealthSnapshot status() override { return {}; }
  Expected<LoadedModel> load_model(const std::string&, std::uint32_t) override { return Error{"no model here"}; }
  std::string calibrate(const InputEvent&) override { return "not here"; }
  std::optional<wire::CalibrationSnapshot> calibration() override { return std::nullopt; }
  void request_shutdown() override { shut_down = true; }

  std::atomic<int> submitted{0};
  std::atomic<bool> shut_down{false};
};

struct Client {
  explicit Client(const std::string& endpoint, zmq::socket_type type = zmq::socket_type::req) : socket(context, type) {
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::rcvtimeo, 10'000);
    socket.connect(endpoint);
  }
  v1::Reply ask(const std::string& bytes) {
    socket.send(zmq::buffer(bytes), zmq::send_flags::none);
    zmq::message_t message;
    REQUIRE(socket.recv(message));
    v1::Reply reply;
    REQUIRE(reply.ParseFromString(message.to_string()));
    return reply;
  }
  zmq::context_t context;
  zmq::socket_t socket;
};

std::string status_request() {
  v1::Request request;
  request.mutable_status();
  return request.SerializeAsString();
}

TEST_CASE("requests of several clients are answered, faulty ones included") {
  Target target;
  ControlServer server({.address = "tcp://127.0.0.1:*", .allow_remote = false, .curve = {}},
                       {"night-1", "night-1.mcap", "0.1.0", {}}, target);
  Client first(server.endpoint()), second(server.endpoint());
  CHECK(first.ask(status_request()).session_id() == "night-1");
  CHECK_FALSE(second.ask("\xff").ok());
  v1::Request arm;
  arm.mutable_arm()->set_duration_s(60);
  CHECK(second.ask(arm.SerializeAsString()).request() == 1);
  CHECK(target.submitted == 1);

  // Two frames where one is due.
  first.socket.send(zmq::str_buffer("a"), zmq::send_flags::sndmore);
  CHECK_FALSE(first.ask(status_request()).ok());
  CHECK(first.ask(status_request()).ok());
}

TEST_CASE("an oversized request ends its own connection only, and a client that leaves without its reply none") {
  Target target;
  ControlServer server({.address = "tcp://127.0.0.1:*", .allow_remote = false, .curve = {}}, {"n", "", "0", {}},
                       target);
  {
    Client huge(server.endpoint());
    huge.socket.set(zmq::sockopt::rcvtimeo, 200);
    huge.socket.send(zmq::message_t(100'000), zmq::send_flags::none);
    zmq::message_t none;
    CHECK_FALSE(huge.socket.recv(none).has_value());
    Client hasty(server.endpoint());
    hasty.socket.send(zmq::buffer(status_request()), zmq::send_flags::none);
  }
  Client next(server.endpoint());
  CHECK(next.ask(status_request()).ok());
}

TEST_CASE("a control socket beyond the loopback is refused without keys") {
  Target target;
  CHECK_THROWS_WITH(ControlServer({.address = "tcp://0.0.0.0:*", .allow_remote = true, .curve = {}}, {}, target),
                    Catch::Contains("curve_secret_key_file"));
}

}  // namespace
