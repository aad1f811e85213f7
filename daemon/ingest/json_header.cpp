#include "daemon/ingest/json_header.hpp"

#include <algorithm>
#include <new>

namespace vturn::ingest {
namespace {

constexpr std::size_t kMaxDepth = 16;

}  // namespace

JsonHeader::JsonHeader() {
  // The document's room is apart from the parser's, and would grow with the longest text so far.
  if (parser_.allocate(kMaxHeaderBytes, kMaxDepth) != simdjson::SUCCESS ||
      parser_.doc.allocate(kMaxHeaderBytes) != simdjson::SUCCESS) {
    throw std::bad_alloc();
  }
}

simdjson::simdjson_result<simdjson::dom::element> JsonHeader::parse(Bytes text) noexcept {
  std::copy(text.begin(), text.end(), reinterpret_cast<std::uint8_t*>(padded_.data()));
  return parser_.parse(padded_.data(), text.size(), false);
}

}  // namespace vturn::ingest
