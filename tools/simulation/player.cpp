#include "tools/simulation/player.hpp"

#include <cstdio>

#include "tools/lib/interrupt.hpp"
#include "tools/lib/progress.hpp"

namespace vturn::simulation {

PlayResult play(Playback& playback, const PlaySettings& settings, const char* unit) {
  const tools::InterruptScope interrupt;
  ZmqContext context;
  Pace pace(context, settings, "play");
  std::fprintf(stderr, "vturn play: %s, %llu %s of %.1f s%s%s\n", playback.announcement().c_str(),
               static_cast<unsigned long long>(playback.pieces()), unit, playback.duration_s(),
               settings.wait_subscriber ? "; waiting for " : "", settings.wait_subscriber ? playback.awaits() : "");
  std::uint64_t sent = 0;
  bool delivered = false;
  if (pace.start(playback)) {
    tools::Progress progress(std::string(unit) + " played", playback.pieces());
    while (const auto next_s = playback.next_s()) {
      if (!pace.wait(*next_s, playback) || !playback.send_next()) break;
      progress.update(++sent);
    }
    progress.finish();
    delivered = playback.finish(Peer::Clock::now() + std::chrono::duration_cast<Peer::Clock::duration>(
                                                         std::chrono::duration<double>(settings.linger_s)));
  }
  tools::Json summary{{unit, playback.pieces()},
                      {"sent", sent},
                      {"recorded_s", playback.duration_s()},
                      {"wall_s", pace.wall_s()},
                      {"interrupted", tools::interrupted()}};
  playback.report(summary);
  const bool whole = sent == playback.pieces() && delivered;
  return {summary, tools::interrupted() ? tools::kInterruptedExitCode : whole ? 0 : 1};
}

}  // namespace vturn::simulation
