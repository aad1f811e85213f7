#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include "tools/simulation/rhx_server.hpp"

namespace vturn::simulation::test {

using namespace std::chrono_literals;
using ByteVector = std::vector<std::uint8_t>;

/// A client's end of a loopback connection that never blocks; empty when it was refused.
inline Descriptor connect_to(int port) {
  Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fd.reset();
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/// Appends what has come, acknowledged at once so that Nagle's algorithm at the other end holds nothing back; false at
/// the connection's end.
inline bool take(const Descriptor& fd, ByteVector& bytes) {
  std::array<std::uint8_t, 65536> part;
  for (;;) {
    const auto size = recv(fd.get(), part.data(), part.size(), MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN;
    if (size == 0) return false;
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    bytes.insert(bytes.end(), part.begin(), part.begin() + size);
  }
}

/// A client of the simulated RHX, in the thread that serves it.
class RhxClient {
 public:
  explicit RhxClient(RhxServer& server) : server_(server), command_(connect_to(server.command_port())) {
    REQUIRE(command_);
    serve();
  }

  /// Sends a message in one write and returns what came back.
  std::string say(const std::string& message) {
    REQUIRE(::send(command_.get(), message.data(), message.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(message.size()));
    serve();
    return heard();
  }
  std::string heard() {
    ByteVector bytes;
    take(command_, bytes);
    return {bytes.begin(), bytes.end()};
  }

  void connect_waveform() { connect(waveform_, "Waveform", server_.state().waveform); }
  void connect_spike() { connect(spike_, "Spike", server_.state().spike); }
  void leave_waveform() { leave(waveform_); }
  void leave_commands() { leave(command_); }

  /// Takes what has come on the data ports.
  void pump() {
    for (std::size_t before = SIZE_MAX; before != waveform.size() + spikes.size();) {
      before = waveform.size() + spikes.size();
      serve();
      if (waveform_) take(waveform_, waveform);
      if (spike_) take(spike_, spikes);
    }
  }
  /// Until it holds, within 20 s.
  template <class Condition>
  void pump_until(Condition&& condition) {
    const auto give_up = RhxServer::Clock::now() + 20s;
    while (!condition() && RhxServer::Clock::now() < give_up) pump();
    REQUIRE(condition());
  }
  void serve() {
    // Once is enough on loopback, but for a run that begins or ends, which makes it return early.
    for (int i = 0; i < 3; ++i) server_.serve_until(RhxServer::Clock::now());
  }

  ByteVector waveform, spikes;

 private:
  void connect(Descriptor& fd, const std::string& name, const RhxOutput& output) {
    CHECK(say("execute ConnectTCP" + name + "DataOutput;").empty());
    fd = connect_to(output.port);
    REQUIRE(fd);
    serve();
    REQUIRE(output.status == RhxConnection::kConnected);
  }
  void leave(Descriptor& fd) {
    fd.reset();
    serve();
  }

  RhxServer& server_;
  Descriptor command_, waveform_, spike_;
};

/// What the facts say of the wire, read without any code of the project.
inline std::uint32_t u32(const std::uint8_t* at) {
  return at[0] | at[1] << 8 | at[2] << 16 | static_cast<std::uint32_t>(at[3]) << 24;
}

struct Frame {
  std::uint32_t timestamp;
  std::vector<std::uint16_t> words;
};
inline std::vector<Frame> parse_frames(const ByteVector& bytes, std::size_t words) {
  const std::size_t frame_bytes = 4 + 2 * words, block_bytes = 4 + 128 * frame_bytes;
  REQUIRE(bytes.size() % block_bytes == 0);
  std::vector<Frame> frames;
  for (std::size_t block = 0; block < bytes.size(); block += block_bytes) {
    REQUIRE(u32(&bytes[block]) == 0x2ef07a08);
    for (std::size_t i = 0; i < 128; ++i) {
      const std::uint8_t* const at = &bytes[block + 4 + i * frame_bytes];
      Frame frame{u32(at), {}};
      for (std::size_t w = 0; w < words; ++w)
        frame.words.push_back(static_cast<std::uint16_t>(at[4 + 2 * w] | at[5 + 2 * w] << 8));
      frames.push_back(std::move(frame));
    }
  }
  return frames;
}

struct Chunk {
  std::string name;
  std::uint32_t timestamp;
  int id;
};
inline std::vector<Chunk> parse_chunks(const ByteVector& bytes) {
  REQUIRE(bytes.size() % 14 == 0);
  std::vector<Chunk> chunks;
  for (std::size_t at = 0; at < bytes.size(); at += 14) {
    REQUIRE(u32(&bytes[at]) == 0x3ae2710f);
    chunks.push_back({std::string(&bytes[at + 4], &bytes[at + 9]), u32(&bytes[at + 9]), bytes[at + 13]});
  }
  return chunks;
}

}  // namespace vturn::simulation::test
