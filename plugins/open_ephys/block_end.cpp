#include "plugins/open_ephys/block_end.hpp"

#include <charconv>
#include <string_view>

namespace vturn::plugins {
namespace {

/// Channel of a DATA message, -1 of any other. A glance for timing only: the parser judges the header.
std::int64_t data_channel(ingest::Frames frames) noexcept {
  if (frames.size() < 2 || frames[0].empty() || frames[0][0] != 'D') return -1;
  const std::string_view header(reinterpret_cast<const char*>(frames[1].data()), frames[1].size());
  constexpr std::string_view kKey = "\"channel_num\":";
  const std::size_t key = header.find(kKey);
  if (key == std::string_view::npos) return -1;
  const std::size_t digits = header.find_first_not_of(' ', key + kKey.size());
  if (digits == std::string_view::npos) return -1;
  std::int64_t channel = -1;
  std::from_chars(header.data() + digits, header.data() + header.size(), channel);
  return channel;
}

}  // namespace

bool BlockEnd::observe(ingest::Frames frames) noexcept {
  const std::int64_t channel = data_channel(frames);
  if (channel < 0) return false;
  if (channel <= previous_channel_) last_channel_ = previous_channel_;
  previous_channel_ = channel;
  return channel == last_channel_;
}

}  // namespace vturn::plugins
