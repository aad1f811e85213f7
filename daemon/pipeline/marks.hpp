#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/output_event.hpp"
#include "plugins/api/vturn_plugin.h"

namespace vturn {

/// What happened, as lines in the acquisition software's own recording: sleep states, triggers (never which arm),
/// arming, epochs, operators' notes. Decision thread; nothing here waits or allocates.
class Marks {
 public:
  /// `rules`: their names, in the rig file's order.
  explicit Marks(std::vector<std::string> rules) : rules_(std::move(rules)) {}

  /// Set-up. A source that takes marks.
  void add(const vturn_source_functions& functions, void* instance);
  /// `note`: the text of an operator's note.
  void output(const OutputEvent& output, std::string_view note) noexcept;

 private:
  void session(const SessionOutput& change, std::string_view note) noexcept;
  void begin(std::string_view text) noexcept;
  void append(std::string_view text) noexcept;
  void append(std::uint64_t number) noexcept;
  void send() noexcept;

  struct Taker {
    const vturn_source_functions* functions;
    void* instance;
  };
  std::vector<std::string> rules_;
  std::vector<Taker> takers_;
  SleepState state_ = SleepState::kUnknown;
  std::array<char, VTURN_MAX_MARK_TEXT> text_{};
  std::size_t size_ = 0;
};

}  // namespace vturn
