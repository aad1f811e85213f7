#pragma once

#include <cstdint>
#include <optional>

#include "tools/lib/json_out.hpp"
#include "tools/simulation/pace.hpp"

namespace vturn::simulation {

/// A recording as pieces of a byte stream, served by the program it was recorded from.
class Playback : public Peer {
 public:
  [[nodiscard]] virtual std::uint64_t pieces() const = 0;
  [[nodiscard]] virtual double duration_s() const = 0;
  /// When the next piece was recorded, from the start; nothing at the end.
  [[nodiscard]] virtual std::optional<double> next_s() const = 0;
  /// Sends it; false when it could not be sent (interrupted, the client is gone for good).
  virtual bool send_next() = 0;
};

struct PlaySettings : PaceSettings {
  double linger_s = 10.0;  ///< how long the end may wait for delivery
};

struct PlayResult {
  tools::Json summary;
  int exit_code = 0;
};

/// Plays all pieces at their pace. The summary says pieces there were and pieces sent under `unit` ("messages").
PlayResult play(Playback& playback, const PlaySettings& settings, const char* unit);

}  // namespace vturn::simulation
