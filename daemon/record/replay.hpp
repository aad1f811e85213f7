#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "daemon/core/output_buffer.hpp"
#include "daemon/record/session_reader.hpp"

namespace vturn::record {

/// One step of an engine that was prepared as the session's was.
using EngineStep = std::function<void(const InputEvent&, OutputBuffer&)>;

struct ReplayReport {
  std::uint64_t digest = 0;  ///< at the input count of the last recorded digest
  std::optional<std::uint64_t> recorded_digest;
  bool matches = false;  ///< every digest of the log was met, at its input and output count
  std::uint64_t digests_compared = 0;
  std::optional<std::uint64_t> first_difference_at_input;  ///< input count of the first digest that was not met
  std::uint64_t inputs = 0;                                ///< of the whole replay, also behind the last digest
  std::uint64_t outputs = 0;
  std::uint64_t triggers = 0;
  std::uint64_t vetoes = 0;
  double session_s = 0.0;  ///< session time from the first to the newest input
  bool complete = false;
  std::string stopped_by;  ///< one line when the log does not hold the whole session
};

struct ReplayHooks {
  std::function<void(const OutputEvent&)> output = [](const OutputEvent&) {};
  std::function<void(std::uint64_t bytes_read)> progress = [](std::uint64_t) {};  ///< may throw to stop
};

/// Runs all inputs of a log through `step` and compares the digest of its outputs with each recorded one.
ReplayReport replay(SessionReader& session, const EngineStep& step, const ReplayHooks& hooks = {});

/// 16 hexadecimal digits.
std::string digest_text(std::uint64_t digest);

}  // namespace vturn::record
