// Beyond the loopback nothing is served without keys, and with keys only those let in are.
#include <unistd.h>
#include <zmq.h>

#include <filesystem>
#include <fstream>

#include "daemon/publish/control_server.hpp"
#include "tests/unit/publish/loopback.hpp"

namespace {

using namespace vturn;
using namespace vturn::test;

struct KeyPair {
  KeyPair() { REQUIRE(zmq_curve_keypair(open, secret) == 0); }
  char open[41], secret[41];
};

class KeyFile {
 public:
  explicit KeyFile(const std::string& text)
      : path_(std::filesystem::temp_directory_path() / ("vturn-keys-" + std::to_string(getpid()))) {
    std::ofstream(path_) << text;
  }
  ~KeyFile() { std::filesystem::remove(path_); }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

TEST_CASE("key files are read, and faults are told with their line") {
  const KeyPair server, client;
  const KeyFile good(std::string("# night rig\nsecret ") + server.secret + "\nallow " + client.open + "  # analysis\n");
  const auto keys = load_curve_keys(good.path());
  REQUIRE(keys);
  CHECK(keys->secret == server.secret);
  CHECK(keys->allowed == std::vector<std::string>{client.open});

  CHECK_THAT(load_curve_keys("/nonexistent").error(), Catch::Contains("cannot be read"));
  CHECK_THAT(load_curve_keys(KeyFile("\nsecret short\n").path()).error(), Catch::Contains(":2: the key is not"));
  CHECK_THAT(load_curve_keys(KeyFile("deny x\n").path()).error(), Catch::Contains(":1: expected 'secret KEY'"));
  CHECK_THAT(load_curve_keys(KeyFile("# none\n").path()).error(), Catch::Contains("no line 'secret KEY'"));
}

TEST_CASE("an address beyond the loopback needs to be allowed and needs keys") {
  const KeyPair server, client;
  const CurveKeys none, keys{server.secret, {client.open}}, nobody{server.secret, {}};
  CHECK(endpoint_problem("tcp://127.0.0.1:5600", false, none).empty());
  CHECK(endpoint_problem("ipc:///tmp/vturn", false, none).empty());
  CHECK(endpoint_problem("tcp://10.0.0.2:5600", true, keys).empty());
  for (const std::string address : {"tcp://*:5600", "tcp://0.0.0.0:5600", "tcp://10.0.0.2:5600", "tcp://eth0:5600"}) {
    CHECK_THAT(endpoint_problem(address, false, keys), Catch::Contains("allow_remote"));
    CHECK_THAT(endpoint_problem(address, true, none), Catch::Contains("curve_secret_key_file"));
  }
  CHECK_THAT(endpoint_problem("tcp://127.0.0.1:5600", false, nobody), Catch::Contains("allows no client"));
  CHECK_THAT(endpoint_problem("inproc://x", false, none), Catch::Contains("expected tcp://"));

  auto settings = publisher_settings();
  settings.address = "tcp://0.0.0.0:*";
  Publisher publisher;
  CHECK_THROWS_WITH(publisher.prepare(settings, encoder_settings()), Catch::Contains("allow_remote"));
}

TEST_CASE("with keys an allowed client is served; another one, or one without keys, is not") {
  const KeyPair server, client, stranger;
  auto settings = publisher_settings();
  settings.curve = {server.secret, {client.open}};
  Publisher publisher;
  publisher.prepare(settings, encoder_settings());
  publisher.publish(output(OutputKind::kHeading), {});

  const auto subscriber_with = [&](const KeyPair* keys) {
    auto context = std::make_unique<zmq::context_t>();
    zmq::socket_t socket(*context, zmq::socket_type::sub);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::rcvtimeo, 5);
    socket.set(zmq::sockopt::subscribe, "");
    if (keys != nullptr) {
      socket.set(zmq::sockopt::curve_serverkey, std::string(server.open));
      socket.set(zmq::sockopt::curve_publickey, std::string(keys->open));
      socket.set(zmq::sockopt::curve_secretkey, std::string(keys->secret));
    }
    socket.connect(publisher.endpoint());
    return std::pair(std::move(context), std::move(socket));
  };
  auto [context, allowed] = subscriber_with(&client);
  auto [stranger_context, refused] = subscriber_with(&stranger);
  auto [plain_context, plain] = subscriber_with(nullptr);
  zmq::message_t message;
  REQUIRE(until([&] {
    publisher.service();
    return allowed.recv(message).has_value();
  }));
  for (int i = 0; i < 20; ++i) {
    publisher.service();
    publisher.publish(output(OutputKind::kTurn), {});
    CHECK_FALSE(refused.recv(message).has_value());
    CHECK_FALSE(plain.recv(message).has_value());
  }
}

}  // namespace
