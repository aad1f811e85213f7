#include "daemon/publish/curve.hpp"

#include <pthread.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

namespace vturn {
namespace {

constexpr std::size_t kZ85KeyBytes = 40;
constexpr std::size_t kBinaryKeyBytes = 32;

bool is_key(const std::string& text) {
  std::array<std::uint8_t, kBinaryKeyBytes> binary{};
  return text.size() == kZ85KeyBytes && zmq_z85_decode(binary.data(), text.c_str()) != nullptr;
}

std::string z85(const void* binary) {
  std::array<char, kZ85KeyBytes + 1> text{};
  zmq_z85_encode(text.data(), static_cast<const std::uint8_t*>(binary), kBinaryKeyBytes);
  return text.data();
}

bool is_loopback(const std::string& address) {
  return address.rfind("ipc://", 0) == 0 || address.rfind("tcp://127.", 0) == 0;
}

// ZeroMQ aborts the process when its thread is refused the priority: ask with a thread of our own first.
bool may_run_at(int priority) {
  bool permitted = false;
  std::thread([&] {
    const sched_param parameters{.sched_priority = priority};
    permitted = pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters) == 0;
  }).join();
  return permitted;
}

// Replies to one request of the ZeroMQ authentication protocol (RFC 27): frames version, request id, domain, address,
// identity, mechanism, client's key.
void answer(zmq::socket_t& authenticator, std::vector<zmq::message_t>& request, const CurveKeys& keys) {
  const bool complete =
      request.size() == 7 && request[5].to_string_view() == "CURVE" && request[6].size() == kBinaryKeyBytes;
  const bool allowed =
      complete && std::find(keys.allowed.begin(), keys.allowed.end(), z85(request[6].data())) != keys.allowed.end();
  const std::string id = request.size() > 1 ? request[1].to_string() : std::string();
  const std::array<std::string, 6> reply{
      "1.0", id, allowed ? "200" : "400", allowed ? "OK" : "this key is not among the allowed clients", "", ""};
  for (std::size_t i = 0; i < reply.size(); ++i) {
    authenticator.send(zmq::buffer(reply[i]), i + 1 < reply.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }
}

}  // namespace

Expected<CurveKeys> load_curve_keys(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error{path + ": cannot be read; it should hold a line 'secret KEY' and lines 'allow KEY'"};
  CurveKeys keys;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line);
    std::string word, key, rest;
    // '#' is also a character of keys: a comment needs a space before it.
    if (!(words >> word) || word[0] == '#') continue;
    words >> key >> rest;
    const std::string at = path + ":" + std::to_string(number) + ": ";
    if (word != "secret" && word != "allow") return Error{at + "expected 'secret KEY' or 'allow KEY'"};
    if (!is_key(key)) return Error{at + "the key is not 40 characters of Z85"};
    if (!rest.empty() && rest[0] != '#') return Error{at + "only a comment may follow the key"};
    if (word == "allow") {
      keys.allowed.push_back(key);
    } else {
      keys.secret = key;
    }
  }
  if (keys.secret.empty()) return Error{path + ": no line 'secret KEY'"};
  return keys;
}

std::string endpoint_problem(const std::string& address, bool allow_remote, const CurveKeys& keys) {
  if (address.rfind("tcp://", 0) != 0 && address.rfind("ipc://", 0) != 0) {
    return "address '" + address + "': expected tcp://HOST:PORT or ipc://PATH";
  }
  if (!keys.secret.empty() && keys.allowed.empty()) {
    return "address '" + address + "': the key file allows no client; add a line 'allow KEY' for each";
  }
  if (is_loopback(address)) return "";
  if (!allow_remote) {
    return "address '" + address +
           "' is not the loopback: set allow_remote = true and a curve_secret_key_file, or use "
           "tcp://127.0.0.1:PORT";
  }
  if (keys.secret.empty()) {
    return "address '" + address + "' is reachable from outside: it needs a curve_secret_key_file with allowed clients";
  }
  return "";
}

ServerContext::ServerContext(const CurveKeys& keys, int io_priority) : keys_(keys), context_(1) {
  if (io_priority > 0 && may_run_at(io_priority)) {
    context_.set(zmq::ctxopt::thread_sched_policy, SCHED_FIFO);
    context_.set(zmq::ctxopt::thread_priority, io_priority);
  }
  if (keys_.secret.empty()) return;
  zmq::socket_t authenticator(context_, zmq::socket_type::rep);
  authenticator.bind("inproc://zeromq.zap.01");
  gatekeeper_ = std::thread([this, socket = std::move(authenticator)]() mutable { let_in(std::move(socket)); });
}

ServerContext::~ServerContext() {
  context_.shutdown();
  if (gatekeeper_.joinable()) gatekeeper_.join();
}

void ServerContext::secure(zmq::socket_t& socket) const {
  if (keys_.secret.empty()) return;
  socket.set(zmq::sockopt::curve_server, true);
  socket.set(zmq::sockopt::curve_secretkey, keys_.secret);
  // Names the domain in which the gatekeeper is asked: without one ZeroMQ lets in whoever knows the public key.
  socket.set(zmq::sockopt::zap_domain, "vturn");
}

void ServerContext::let_in(zmq::socket_t authenticator) {
  try {
    for (;;) {
      std::vector<zmq::message_t> request;
      do {
        request.emplace_back();
        if (!authenticator.recv(request.back())) return;
      } while (request.back().more());
      answer(authenticator, request, keys_);
    }
  } catch (const zmq::error_t&) {
    return;  // the context ends
  }
}

}  // namespace vturn
