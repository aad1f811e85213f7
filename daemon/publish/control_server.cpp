#include "daemon/publish/control_server.hpp"

#include <chrono>
#include <stdexcept>

namespace vturn {
namespace {

double wall_time_unix_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

CurveKeys checked(const ControlServerSettings& settings) {
  const std::string problem = endpoint_problem(settings.address, settings.allow_remote, settings.curve);
  if (!problem.empty()) throw std::runtime_error("control: " + problem);
  return settings.curve;
}

}  // namespace

ControlServer::ControlServer(const ControlServerSettings& settings, ControlIdentity identity, ControlTarget& target)
    : handler_(target, std::move(identity)), context_(checked(settings), 0), socket_(context_.get(), ZMQ_REP) {
  try {
    context_.secure(socket_);
    socket_.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(ControlHandler::kMaxRequestBytes));
    socket_.set(zmq::sockopt::linger, 500);
    socket_.bind(settings.address);
    endpoint_ = socket_.get(zmq::sockopt::last_endpoint);
  } catch (const zmq::error_t& error) {
    throw std::runtime_error("control: address '" + settings.address + "': " + error.what() +
                             "; is another vturnd running?");
  }
  thread_ = std::thread([this] { run(); });
}

ControlServer::~ControlServer() {
  stop_ = true;
  thread_.join();
}

void ControlServer::run() {
  constexpr std::chrono::milliseconds kPoll(50);
  while (!stop_) {
    try {
      zmq::pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
      if (zmq::poll(&item, 1, kPoll) > 0) serve_one();
      handler_.poll(wall_time_unix_s());
    } catch (const zmq::error_t& error) {
      // EFSM, EHOSTUNREACH, EINTR: this requester's trouble, not the next one's.
      if (error.num() == ETERM) return;
    }
  }
}

void ControlServer::serve_one() {
  zmq::message_t request;
  if (!socket_.recv(request, zmq::recv_flags::dontwait)) return;
  bool one_frame = true;
  while (socket_.get(zmq::sockopt::rcvmore)) {
    zmq::message_t further;
    if (!socket_.recv(further, zmq::recv_flags::dontwait)) return;
    one_frame = false;
  }
  // More than one frame is malformed whatever the first one holds.
  const std::string reply = handler_.handle(one_frame ? request.to_string_view() : "\xff", wall_time_unix_s());
  socket_.send(zmq::buffer(reply), zmq::send_flags::dontwait);
}

}  // namespace vturn
