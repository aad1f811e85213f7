#include "daemon/record/mcap_format.hpp"

namespace vturn::record {

void put_map(std::string& out, const McapMap& map) {
  const std::size_t at = out.size();
  put_integer(out, std::uint32_t{0});
  for (const auto& [key, value] : map) {
    put_string(out, key);
    put_string(out, value);
  }
  overwrite_integer(out, at, static_cast<std::uint32_t>(out.size() - at - sizeof(std::uint32_t)));
}

std::size_t open_record(std::string& out, McapOp op) {
  const std::size_t start = out.size();
  out.push_back(static_cast<char>(op));
  put_integer(out, std::uint64_t{0});
  return start;
}

void close_record(std::string& out, std::size_t start) {
  overwrite_integer(out, start + 1, static_cast<std::uint64_t>(out.size() - start - kRecordPrefixBytes));
}

McapMap ByteCursor::map() {
  McapMap map;
  ByteCursor entries(text());
  while (ok_ && !entries.empty()) {
    const auto key = entries.text();
    const auto value = entries.text();
    if (!entries.ok()) {
      ok_ = false;
      break;
    }
    map.emplace(key, value);
  }
  return map;
}

}  // namespace vturn::record
