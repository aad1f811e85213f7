#include "tools/recordings/sync_messages.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace vturn::recordings {
namespace {

/// What stands between two marks; the second may be the line's end ("").
std::optional<std::string_view> between(std::string_view line, std::string_view before, std::string_view after) {
  const std::size_t begin = line.find(before);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(begin + before.size());
  const std::size_t end = after.empty() ? rest.size() : rest.find(after);
  return end == std::string_view::npos ? std::nullopt : std::optional(rest.substr(0, end));
}

std::optional<SampleIndex> number(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  SampleIndex value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// GUI 0.6 on: "Start Time for File Reader (100) - example @ 40000 Hz: 0".
std::optional<StreamStart> newer(std::string_view line) {
  if (!line.starts_with("Start Time for ")) return std::nullopt;
  const auto id = between(line, "(", ") - ");
  const auto stream = between(line, ") - ", " @ ");
  const auto sample = between(line, " Hz: ", "");
  if (!id || !stream || !sample || !number(*sample)) return std::nullopt;
  return StreamStart{std::string(*id), std::string(*stream), *number(*sample)};
}

/// Before: "Processor: Rhythm FPGA Id: 100 subProcessor: 0 start time: 326315008@30000Hz".
std::optional<StreamStart> older(std::string_view line) {
  const auto id = between(line, " Id: ", " ");
  const auto sample = between(line, "start time: ", "@");
  if (!id || !sample || !number(*sample)) return std::nullopt;
  return StreamStart{std::string(*id), "", *number(*sample)};
}

}  // namespace

std::vector<StreamStart> parse_sync_messages(std::string_view text) {
  std::vector<StreamStart> starts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (auto start = newer(line)) {
      starts.push_back(*start);
    } else if (auto old = older(line)) {
      starts.push_back(*old);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return starts;
}

}  // namespace vturn::recordings
