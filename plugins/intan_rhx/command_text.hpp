#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vturn::plugins {

/// RHX parses every read of its command port by itself, so that a message must not be split: short, and ended by ';'.
inline constexpr std::size_t kRhxLongestMessage = 1000;
/// Ends a message: its reply has a known form, comes after all others, and says how the run stands.
inline constexpr std::string_view kRhxBarrier = "get runmode;";

/// Commands as messages of at most kRhxLongestMessage bytes, each with the barrier at its end. Throws
/// std::invalid_argument for a command that RHX would misread (empty, a lone `set`, one with ';' or line breaks, too
/// long). A lone `set` ends RHX 3.4.
std::vector<std::string> rhx_messages(const std::vector<std::string>& commands);

/// What some program said, as one line of the log.
std::string rhx_shown(std::string_view text);

/// What RHX said to one message.
struct RhxAnswer {
  std::string run_mode;                       ///< Stop, Run, Record, Trigger
  std::map<std::string, std::string> values;  ///< by parameter in lower case; "" = CurrentTimestamp, which has no name
  std::string complaint;                      ///< all other text

  [[nodiscard]] std::optional<std::string_view> value(std::string_view parameter) const;
  /// Finite, and small enough for an int64.
  [[nodiscard]] std::optional<double> number(std::string_view parameter) const;
};

/// Finds answers in the bytes of the command port, which have no framing: the barrier's reply ends one. Bounded: what
/// is held beyond 64 KiB is dropped from the front.
class RhxAnswerParser {
 public:
  void take(std::string_view bytes);
  std::optional<RhxAnswer> next();
  /// Text that belongs to no answer, such as complaints about nobody's command; call when no answer is awaited. Whole
  /// answers, such as those to an earlier process, are thrown away.
  std::string unasked();

 private:
  std::string held_;
};

}  // namespace vturn::plugins
