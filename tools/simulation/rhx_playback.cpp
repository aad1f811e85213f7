#include "tools/simulation/rhx_playback.hpp"

#include <cstdio>
#include <cstring>
#include <utility>

#include "tools/lib/interrupt.hpp"

namespace vturn::simulation {
namespace {

using namespace std::chrono_literals;

/// As fast as it goes: no more than this waits to be taken.
constexpr double kMostWaitingS = 1.0;

RhxServerSettings as(const RhxIdentity& identity, RhxServerSettings settings) {
  settings.identity = identity;
  return settings;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

}  // namespace

RhxPlayback::RhxPlayback(RhxCapture capture, RhxPlaybackSettings settings)
    : capture_(std::move(capture)), settings_(std::move(settings)), server_(as(capture_.identity, settings_.server)) {
  if (settings_.running) server_.state().begin_run(RhxRunMode::kRun);
}

const char* RhxPlayback::awaits() const {
  return settings_.running ? "a client of the waveform port" : "a client's `set RunMode Run`";
}

bool RhxPlayback::ready() {
  return server_.state().running() && (!settings_.running || server_.connected(RhxStream::kWaveform));
}

bool RhxPlayback::acquiring() { return server_.state().running(); }

std::optional<double> RhxPlayback::next_s() const {
  if (next_ == capture_.pieces.size()) return std::nullopt;
  return capture_.pieces[next_].time_s;
}

void RhxPlayback::compare_columns() {
  if (std::exchange(compared_, true) || capture_.columns.empty()) return;
  const auto& board = server_.state().board;
  std::vector<std::string> enabled;
  for (const auto& column : board.columns()) enabled.push_back(board.column_name(column));
  if (enabled == capture_.columns) return;
  std::fprintf(stderr,
               "vturn play: the client enabled %s; the capture's blocks hold %s: its words will not be what the client "
               "takes them for\n",
               joined(enabled).c_str(), joined(capture_.columns).c_str());
}

void RhxPlayback::wait_reconnected() {
  server_.drain(Clock::now() + 1s);
  server_.drop_client(RhxStream::kWaveform);
  while (!server_.connected(RhxStream::kWaveform) && !tools::interrupted() && !broken()) {
    server_.serve_until(Clock::now() + 20ms);
  }
}

/// The first frame of a block says how far RHX has come; a receive may begin elsewhere.
void RhxPlayback::follow_timestamp(const RhxPiece& piece) {
  constexpr std::uint32_t kMagic = 0x2ef07a08;
  std::uint32_t head[2] = {0, 0};
  if (piece.stream != RhxStream::kWaveform || piece.size < sizeof head) return;
  std::memcpy(head, capture_.files[piece.file].data() + piece.offset, sizeof head);
  if (head[0] == kMagic) server_.state().last_timestamp = std::int64_t{head[1]} + 127;
}

bool RhxPlayback::send_next() {
  compare_columns();
  const RhxPiece& piece = capture_.pieces[next_++];
  if (piece.reconnected) wait_reconnected();
  if (settings_.as_fast_as_taken) server_.let_clients_take(kMostWaitingS);
  follow_timestamp(piece);
  server_.write(piece.stream, capture_.bytes_of(piece), piece.time_s, Clock::now());
  return !tools::interrupted() && !broken();
}

}  // namespace vturn::simulation
