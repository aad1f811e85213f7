#include "tools/simulation/gui_http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace vturn::simulation {
namespace {

constexpr int kPollMs = 100;
constexpr int kClientMs = 500;

std::string response(const char* status, const std::string& body) {
  return std::string("HTTP/1.1 ") + status +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

bool wait_readable(int fd, int milliseconds) {
  pollfd item{fd, POLLIN, 0};
  return poll(&item, 1, milliseconds) > 0;
}

}  // namespace

std::string processors_json(const GuiDescription& gui) {
  const auto stream = nlohmann::json{{"name", gui.stream_name},
                                     {"source_id", gui.source_node},
                                     {"sample_rate", gui.rate_hz},
                                     {"channel_count", gui.channels},
                                     {"parameters", nlohmann::json::array()}};
  const auto processor = [&](int id, const char* name, nlohmann::json predecessor) {
    return nlohmann::json{{"id", id},
                          {"name", name},
                          {"parameters", nlohmann::json::array()},
                          {"predecessor", std::move(predecessor)},
                          {"streams", {stream}}};
  };
  return nlohmann::json{{"processors",
                         {processor(gui.source_node, "Digital Mouse", nullptr),
                          processor(gui.detector_node, "Spike Detector", gui.source_node),
                          processor(gui.detector_node + 1, gui.plugin.c_str(), gui.detector_node)}}}
      .dump();
}

GuiHttp::GuiHttp(const std::string& host_port, GuiDescription gui) : gui_(std::move(gui)) {
  const auto colon = host_port.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const bool numeric = colon != std::string::npos &&
                       host_port.find_first_not_of("0123456789", colon + 1) == std::string::npos &&
                       host_port.size() - colon <= 6 && host_port.size() - colon > 1;
  if (!numeric || inet_pton(AF_INET, host_port.substr(0, colon).c_str(), &address.sin_addr) != 1) {
    throw std::runtime_error("'" + host_port + "' is not an address: write it as 127.0.0.1:37497");
  }
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(host_port.substr(colon + 1))));
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof address;
  if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || listen(fd_, 8) != 0) {
    const std::string reason = std::strerror(errno);
    close(fd_);
    throw std::runtime_error("HTTP: cannot listen on " + host_port + ": " + reason + " (choose another with --http)");
  }
  getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

GuiHttp::~GuiHttp() {
  stop_ = true;
  thread_.join();
  close(fd_);
}

void GuiHttp::serve() {
  while (!stop_) {
    if (!wait_readable(fd_, kPollMs)) continue;
    const int client = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    answer(client);
    close(client);
  }
}

void GuiHttp::answer(int client) const {
  std::string request;
  std::array<char, 2048> piece{};
  while (request.find("\r\n\r\n") == std::string::npos && request.size() < 8192) {
    if (!wait_readable(client, kClientMs)) return;
    const auto size = recv(client, piece.data(), piece.size(), 0);
    if (size <= 0) return;
    request.append(piece.data(), static_cast<std::size_t>(size));
  }
  std::string reply = response("404 Not Found", "{}");
  if (request.starts_with("GET /api/status ")) reply = response("200 OK", R"({"mode":"ACQUIRE"})");
  if (request.starts_with("GET /api/processors ")) reply = response("200 OK", processors_json(gui_));
  [[maybe_unused]] const auto sent = send(client, reply.data(), reply.size(), MSG_NOSIGNAL);
}

}  // namespace vturn::simulation
