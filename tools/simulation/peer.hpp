#pragma once

#include <chrono>
#include <string>

#include "tools/lib/json_out.hpp"

namespace vturn::simulation {

/// The program whose protocol is spoken, as its clients see it. One thread drives it.
class Peer {
 public:
  using Clock = std::chrono::steady_clock;

  Peer() = default;
  virtual ~Peer() = default;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Where it listens and what it offers, in one line.
  [[nodiscard]] virtual std::string announcement() const = 0;
  /// What it waits for before it starts, such as "a subscriber".
  [[nodiscard]] virtual const char* awaits() const = 0;
  /// Serves its sockets until then, or until something happened that the caller should see.
  virtual void serve_until(Clock::time_point end) = 0;
  /// Whether whom it awaits is there.
  [[nodiscard]] virtual bool ready() = 0;
  /// Whether data are being acquired: time stands still while they are not.
  [[nodiscard]] virtual bool acquiring() { return true; }
  /// Seconds of what was acquired that nothing it sent tells of, by its nature: nobody can have answered to them.
  [[nodiscard]] virtual double withheld_s() const { return 0.0; }
  /// Whether it can go on at all.
  [[nodiscard]] virtual bool broken() const { return false; }
  /// The end: gives clients what they have not taken yet; false when they did not take it by then.
  virtual bool finish([[maybe_unused]] Clock::time_point end) { return true; }
  /// Adds its own figures to a run's summary.
  virtual void report([[maybe_unused]] tools::Json& summary) const {}
};

}  // namespace vturn::simulation
