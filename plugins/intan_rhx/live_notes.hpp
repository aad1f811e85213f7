#pragma once

#include <array>
#include <boost/lockfree/spsc_queue.hpp>
#include <string>

#include "plugins/api/vturn_plugin.h"

namespace vturn::plugins {

/// Notes on their way from the decision thread into RHX's recording.
class LiveNotes {
 public:
  /// Decision thread. What finds no room is dropped: notes are for the reader's eye, the session log has it all.
  void put(const char* text) noexcept;
  /// The waiting notes as one message for RHX, "" = none. When it does not record they are dropped.
  std::string take(bool recording);

 private:
  using Note = std::array<char, VTURN_MAX_MARK_TEXT>;
  boost::lockfree::spsc_queue<Note, boost::lockfree::capacity<64>> waiting_;
};

}  // namespace vturn::plugins
