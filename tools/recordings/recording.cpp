#include "tools/recordings/recording.hpp"

#include <algorithm>

#include "tools/recordings/intan_recording.hpp"
#include "tools/recordings/open_ephys_recording.hpp"

namespace vturn::recordings {
namespace {

namespace fs = std::filesystem;

/// Frames of one channel that are held at once while words are searched for edges.
constexpr std::int64_t kScanFrames = 65536;

void add_edges(const Channel& channel, std::int32_t before, std::int32_t now, SampleIndex sample,
               std::vector<TtlEdge>& edges) {
  if (channel.line >= 0) {
    if ((before != 0) != (now != 0)) edges.push_back({sample, static_cast<std::uint16_t>(channel.line), now != 0});
    return;
  }
  const auto changed = static_cast<std::uint32_t>(before ^ now);
  for (std::uint16_t line = 0; line < 16; ++line) {
    if (((changed >> line) & 1U) != 0) {
      edges.push_back({sample, line, ((static_cast<std::uint32_t>(now) >> line) & 1U) != 0});
    }
  }
}

bool matches(const Stream& stream, const Channel& channel, std::string_view name) {
  if (channel.name == name || (!channel.custom_name.empty() && channel.custom_name == name)) return true;
  return name.size() == stream.name.size() + 1 + channel.name.size() && name.starts_with(stream.name) &&
         name[stream.name.size()] == '/' && name.ends_with(channel.name);
}

std::string channel_list(const RecordingInfo& info) {
  constexpr std::size_t kShown = 40;
  std::string list;
  std::size_t shown = 0;
  for (const Stream& stream : info.streams) {
    for (const Channel& channel : stream.channels) {
      if (shown++ == kShown) return list + ", ...";
      list += (list.empty() ? "" : ", ") + channel.name;
    }
  }
  return list.empty() ? "none" : list;
}

}  // namespace

std::string_view channel_kind_name(ChannelKind kind) noexcept {
  switch (kind) {
    case ChannelKind::kAmplifier:
      return "amplifier";
    case ChannelKind::kLowpass:
      return "lowpass";
    case ChannelKind::kHighpass:
      return "highpass";
    case ChannelKind::kDc:
      return "dc";
    case ChannelKind::kStim:
      return "stim";
    case ChannelKind::kAuxiliary:
      return "auxiliary";
    case ChannelKind::kSupply:
      return "supply";
    case ChannelKind::kTemperature:
      return "temperature";
    case ChannelKind::kAnalogIn:
      return "analog-in";
    case ChannelKind::kAnalogOut:
      return "analog-out";
    case ChannelKind::kDigitalIn:
      return "digital-in";
    case ChannelKind::kDigitalOut:
      return "digital-out";
    case ChannelKind::kOther:
      break;
  }
  return "other";
}

float Channel::value(std::int32_t stored) const noexcept {
  if (kind == ChannelKind::kStim) {
    // The upper byte carries flags; bit 8 is the sign.
    const double magnitude = scale * static_cast<double>(stored & 0xFF);
    return static_cast<float>((stored & 0x100) != 0 ? -magnitude : magnitude);
  }
  return static_cast<float>(scale * (static_cast<double>(stored) - offset));
}

std::int64_t Timeline::frames() const noexcept {
  return runs.empty() ? 0 : runs.back().first_frame + runs.back().frames;
}

SampleIndex Timeline::sample_of(std::int64_t frame) const noexcept {
  auto after = std::upper_bound(runs.begin(), runs.end(), frame,
                                [](std::int64_t wanted, const Run& run) { return wanted < run.first_frame; });
  if (after == runs.begin()) return first_sample + frame;
  const Run& run = *--after;
  return run.first_sample + (frame - run.first_frame);
}

std::int64_t Timeline::missing() const noexcept {
  std::int64_t total = 0;
  for (std::size_t i = 1; i < runs.size(); ++i) {
    total += std::max<std::int64_t>(0, runs[i].first_sample - (runs[i - 1].first_sample + runs[i - 1].frames));
  }
  return total;
}

bool Timeline::jumps_back() const noexcept {
  for (std::size_t i = 1; i < runs.size(); ++i) {
    if (runs[i].first_sample < runs[i - 1].first_sample + runs[i - 1].frames) return true;
  }
  return false;
}

void Recording::read_stored(std::size_t stream, std::size_t channel, std::int64_t first, std::span<std::int32_t> out) {
  const Stream& s = info_.streams.at(stream);
  if (channel >= s.channels.size() || first < 0 || first > s.frames ||
      static_cast<std::int64_t>(out.size()) > s.frames - first) {
    throw std::out_of_range("Recording::read_stored: no such channel or frames");
  }
  if (!out.empty()) read_channel(stream, channel, first, out);
}

void Recording::read(std::size_t stream, std::span<const std::size_t> channels, std::int64_t first, std::size_t frames,
                     std::span<float> out) {
  if (out.size() < channels.size() * frames) throw std::out_of_range("Recording::read: too little room");
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(1, window_frames(stream)));
  std::vector<std::int32_t> stored(std::min(most, frames));
  for (std::size_t done = 0; done < frames; done += most) {
    const std::size_t piece = std::min(most, frames - done);
    for (std::size_t i = 0; i < channels.size(); ++i) {
      read_stored(stream, channels[i], first + static_cast<std::int64_t>(done), std::span(stored).first(piece));
      const Channel& channel = info_.streams[stream].channels[channels[i]];
      std::transform(stored.begin(), stored.begin() + static_cast<std::ptrdiff_t>(piece),
                     out.begin() + static_cast<std::ptrdiff_t>(i * frames + done),
                     [&](std::int32_t value) { return channel.value(value); });
    }
  }
}

std::vector<TtlEdge> Recording::edges_of_channels(std::size_t stream, std::span<const std::size_t> channels) {
  const Stream& s = info_.streams.at(stream);
  const Timeline& timeline = info_.timelines[s.timeline];
  std::vector<TtlEdge> edges;
  std::vector<std::int32_t> words;
  for (const std::size_t channel : channels) {
    std::int32_t before = 0;
    for (std::int64_t first = 0; first < s.frames; first += kScanFrames) {
      words.resize(static_cast<std::size_t>(std::min(kScanFrames, s.frames - first)));
      read_stored(stream, channel, first, words);
      if (first == 0) before = words[0];
      for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == before) continue;
        const SampleIndex sample = timeline.sample_of((first + static_cast<std::int64_t>(i)) * s.divider);
        add_edges(s.channels[channel], before, words[i], sample, edges);
        before = words[i];
      }
    }
  }
  std::stable_sort(edges.begin(), edges.end(), [](const TtlEdge& a, const TtlEdge& b) { return a.sample < b.sample; });
  return edges;
}

bool is_recording(const fs::path& path) { return is_intan_recording(path) || is_open_ephys_recording(path); }

std::unique_ptr<Recording> open_recording(const fs::path& path, const OpenSettings& settings) {
  if (!fs::exists(path)) throw RecordingError(path.string() + ": does not exist");
  if (is_intan_recording(path)) return open_intan(path, settings);
  if (is_open_ephys_recording(path)) return open_open_ephys(path, settings);
  throw RecordingError(
      path.string() +
      ": no recording that is known: give an Intan .rhd or .rhs file, the folder RHX wrote, or an Open "
      "Ephys recording's folder (with structure.oebin)");
}

ChannelAddress find_channel(const RecordingInfo& info, std::string_view name) {
  std::optional<ChannelAddress> found;
  for (std::size_t s = 0; s < info.streams.size(); ++s) {
    for (std::size_t c = 0; c < info.streams[s].channels.size(); ++c) {
      if (!matches(info.streams[s], info.streams[s].channels[c], name)) continue;
      if (found) {
        throw RecordingError(info.path + ": several channels are called '" + std::string(name) +
                             "'; write STREAM/NAME, as in '" + info.streams[s].name + "/" +
                             info.streams[s].channels[c].name + "'");
      }
      found = {s, c};
    }
  }
  if (!found) {
    throw RecordingError(info.path + ": no channel '" + std::string(name) + "'; there are: " + channel_list(info));
  }
  return *found;
}

}  // namespace vturn::recordings
