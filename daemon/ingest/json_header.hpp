#pragma once

#include <simdjson.h>

#include <array>

#include "daemon/ingest/gui_message.hpp"

namespace vturn::ingest {

/// JSON of a message of the GUI, up to kMaxHeaderBytes. Allocates when made, never afterwards.
///
/// simdjson's DOM parser rather than a scanner of our own: it checks the whole text (UTF-8, escapes, number ranges,
/// trailing bytes), has been fuzzed for years, and allocates nothing for texts within the capacity given at the start.
/// The copy that its padding asks for is some 300 bytes. The DOM rather than On Demand, which leaves skipped values
/// unchecked.
class JsonHeader {
 public:
  JsonHeader();

  /// `text` is at most kMaxHeaderBytes long; the result lives until the next call.
  simdjson::simdjson_result<simdjson::dom::element> parse(Bytes text) noexcept;

 private:
  simdjson::dom::parser parser_{kMaxHeaderBytes};
  std::array<char, kMaxHeaderBytes + simdjson::SIMDJSON_PADDING> padded_{};
};

}  // namespace vturn::ingest
