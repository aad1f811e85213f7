#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "plugins/open_ephys/gui_streams.hpp"
#include "tests/unit/ingest/feed_messages.hpp"
#include "tests/unit/plugins/gui_peer.hpp"
#include "tests/unit/plugins/test_host.hpp"

using namespace vturn::plugins;

namespace {

/// Answers each connection with the same bytes, or takes it and says nothing.
class HttpServer {
 public:
  explicit HttpServer(std::string reply)
      : reply_(std::move(reply)), fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(fd_, 8) == 0);
    REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    if (!reply_.empty()) thread_ = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    shutdown(fd_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    close(fd_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  void serve() {
    for (int client = accept(fd_, nullptr, nullptr); client >= 0; client = accept(fd_, nullptr, nullptr)) {
      std::array<char, 4096> request;
      std::string text;
      while (text.find("\r\n\r\n") == std::string::npos) {
        const ssize_t size = recv(client, request.data(), request.size(), 0);
        if (size <= 0) break;
        text.append(request.data(), static_cast<std::size_t>(size));
      }
      const bool asked = text.starts_with("GET /api/processors HTTP/1.1\r\n");
      const std::string answer = asked ? reply_ : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
      send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
      close(client);
    }
  }

  std::string reply_, url_;
  int fd_;
  std::thread thread_;
};

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string refusal(const std::string& url) {
  const std::atomic<bool> stop{false};
  const auto streams = ask_gui(url, stop);
  return streams ? "" : streams.error();
}

}  // namespace

TEST_CASE("the GUI is asked over HTTP for its streams") {
  const HttpServer gui(ok(R"({"processors":[{"streams":[{"name":"probe","sample_rate":30000.0}]}]})"));
  const std::atomic<bool> stop{false};
  const auto streams = ask_gui(gui.url() + "/", stop);
  REQUIRE(streams);
  REQUIRE(streams->size() == 1);
  CHECK(rate_of(*streams, "Board-100.probe") == 30000.0);
}

TEST_CASE("the asking thread has the answer in the end and waits for nobody when it ends") {
  std::vector<GuiStream> streams;
  {
    const HttpServer gui(ok(R"({"processors":[{"streams":[{"name":"probe","sample_rate":20000}]}]})"));
    GuiStreams asking(gui.url());
    asking.start();
    for (int i = 0; i < 6000 && !asking.answered(streams); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    REQUIRE(streams.size() == 1);
  }
  const HttpServer silent("");
  GuiStreams asking(silent.url());
  asking.start();
  CHECK_FALSE(asking.answered(streams));
}

TEST_CASE("what is no answer of a GUI is an error that names the address") {
  for (const char* url : {"", "127.0.0.1:1", "http://", "http://127.0.0.1", "http://127.0.0.1:", "https://127.0.0.1:1"})
    CHECK(refusal(url).find("expected http://ADDRESS:PORT") != std::string::npos);
  CHECK(refusal("http://127.0.0.1:1").find("GET http://127.0.0.1:1/api/processors") != std::string::npos);
  CHECK(refusal("http://no-number:x").find("GET http://no-number:x") != std::string::npos);
  const HttpServer busy("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
  CHECK(refusal(busy.url()).find("status 503") != std::string::npos);
  const HttpServer other(ok("<html>"));
  CHECK(refusal(other.url()).find("not the answer of an Open Ephys GUI") != std::string::npos);
  const HttpServer noise("SSH-2.0\r\n\r\n");
  CHECK_FALSE(refusal(noise.url()).empty());
}

TEST_CASE("Raw Binary names its stream by a number: the rate comes over HTTP when all streams share one") {
  using namespace vturn;
  const std::string ap = R"({"name":"probe","sample_rate":20000})", nidaq = R"({"name":"nidaq","sample_rate":100})";
  for (const bool shared : {true, false}) {
    const HttpServer http(ok(R"({"processors":[{"streams":[)" + ap + (shared ? "" : "," + nidaq) + "]}]}"));
    test::TestHost host;
    test::Gui gui;
    auto rig = test::config(gui);
    rig.update({{"feed", "event_broadcaster"}, {"sample_rate_hz", 0.0}, {"http", http.url()}});
    test::RunningSource source(test::load("open_ephys"), host, rig.dump());
    gui.wait_for_subscriber();
    for (int i = 0; i < 3; ++i) gui.send(test::raw_spike(2000 * (i + 1)).frames());
    test::wait_for("the messages", [&] { return host.counter(VTURN_MESSAGES_RECEIVED) == 3; });
    if (!shared)
      test::wait_for("the line", [&] { return host.log_text().find("sample rate is unknown") != std::string::npos; });
    source.stop();
    CHECK(host.count(InputKind::kSpike) == (shared ? 3U : 0U));
    for (const auto& event : host.events())
      if (event.kind == InputKind::kSpike) CHECK(event.session_time_ns == event.source_sample / 2 * 100'000);
  }
}
