#include "tools/recordings/oebin.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tools/recordings/json_place.hpp"

namespace vturn::recordings {
namespace {

using Json = nlohmann::json;

constexpr double kHighestRateHz = 1e7;
constexpr double kLargestBitVolts = 1e6;

struct Document {
  std::string_view text;
  const std::string& name;
};

/// A place in the document, for errors that say where.
class Node {
 public:
  Node(const Json& value, std::string path, const Document& document)
      : value_(value), path_(std::move(path)), document_(document) {}

  [[nodiscard]] RecordingError error(const std::string& what) const {
    return RecordingError(document_.name + ": byte " + std::to_string(json_place(document_.text, path_)) + ": " +
                          (path_.empty() ? "the document" : path_) + " " + what +
                          ": the file is damaged, or of a version that is not known");
  }
  [[nodiscard]] bool has(const char* key) const { return value_.is_object() && value_.contains(key); }
  [[nodiscard]] bool has_number(const char* key) const { return has(key) && value_[key].is_number(); }
  [[nodiscard]] Node at(const char* key) const {
    if (!has(key)) throw error(std::string("has no \"") + key + "\"");
    return {value_[key], path_.empty() ? key : path_ + "." + key, document_};
  }
  /// The items of an array; none when the key is absent.
  [[nodiscard]] std::vector<Node> items(const char* key) const {
    if (!has(key)) return {};
    const Node list = at(key);
    if (!list.value_.is_array()) throw list.error("is no list");
    std::vector<Node> nodes;
    for (std::size_t i = 0; i < list.value_.size(); ++i) {
      nodes.emplace_back(list.value_[i], list.path_ + "[" + std::to_string(i) + "]", document_);
    }
    return nodes;
  }
  [[nodiscard]] std::string text(const char* key) const {
    const Node node = at(key);
    if (!node.value_.is_string()) throw node.error("is no text");
    // Names appear in messages of one line.
    std::string value = node.value_.get<std::string>();
    std::replace_if(
        value.begin(), value.end(), [](char c) { return c >= '\0' && c < ' '; }, ' ');
    return value;
  }
  [[nodiscard]] std::string text_or(const char* key, const std::string& otherwise) const {
    return has(key) ? text(key) : otherwise;
  }
  [[nodiscard]] double number(const char* key, double most) const {
    const Node node = at(key);
    const double value = node.value_.is_number() ? node.value_.get<double>() : std::nan("");
    if (!(std::fabs(value) <= most)) throw node.error("is no number that can be meant");
    return value;
  }
  [[nodiscard]] double rate() const {
    const double rate_hz = number("sample_rate", kHighestRateHz);
    if (!(rate_hz > 0.0)) throw at("sample_rate").error("is no rate");
    return rate_hz;
  }
  /// A folder below the recording's: nothing that leads elsewhere.
  [[nodiscard]] std::string folder(const char* key) const {
    std::string name = text(key);
    while (!name.empty() && name.back() == '/') name.pop_back();
    const std::filesystem::path path(name);
    bool inside = !name.empty() && path.is_relative() && name.find('\0') == std::string::npos;
    for (const auto& part : path) inside = inside && part != "..";
    if (!inside) throw at(key).error("is no folder of the recording");
    return name;
  }

 private:
  const Json& value_;
  std::string path_;
  const Document& document_;
};

constexpr int kElectrodeType = 0, kAuxiliaryType = 1, kAnalogueType = 2;

ChannelKind kind_of(const Node& channel, const std::string& name) {
  if (channel.has_number("type")) {
    switch (static_cast<int>(channel.number("type", 1e6))) {
      case kElectrodeType:
        return ChannelKind::kAmplifier;
      case kAuxiliaryType:
        return ChannelKind::kAuxiliary;
      case kAnalogueType:
        return ChannelKind::kAnalogIn;
      default:
        return ChannelKind::kOther;
    }
  }
  if (name.find("AUX") != std::string::npos) return ChannelKind::kAuxiliary;
  if (name.find("ADC") != std::string::npos) return ChannelKind::kAnalogIn;
  return ChannelKind::kAmplifier;
}

Channel channel_of(const Node& node) {
  Channel channel;
  channel.name = node.text("channel_name");
  channel.kind = kind_of(node, channel.name);
  channel.scale = node.number("bit_volts", kLargestBitVolts);
  channel.unit = node.text_or("units", "");
  if (channel.unit.empty()) channel.unit = channel.kind == ChannelKind::kAmplifier ? "uV" : "V";
  return channel;
}

Oebin::Continuous continuous_of(const Node& node) {
  Oebin::Continuous stream;
  stream.folder = node.folder("folder_name");
  stream.stream_name = node.text_or("stream_name", "");
  stream.rate_hz = node.rate();
  for (const Node& channel : node.items("channels")) stream.channels.push_back(channel_of(channel));
  if (node.has("num_channels") && node.number("num_channels", 1e6) != static_cast<double>(stream.channels.size())) {
    throw node.at("num_channels").error("is not the number of channels listed");
  }
  return stream;
}

Oebin::Spikes spikes_of(const Node& node) {
  Oebin::Spikes spikes;
  spikes.folder = node.folder(node.has("folder") ? "folder" : "folder_name");
  spikes.stream_name = node.text_or("stream_name", "");
  spikes.rate_hz = node.rate();
  if (node.has("name")) spikes.electrodes.push_back(node.text("name"));
  if (spikes.electrodes.empty()) {
    for (const Node& electrode : node.items("channels")) spikes.electrodes.push_back(electrode.text("channel_name"));
  }
  if (spikes.electrodes.empty()) throw node.error("names no electrode");
  for (const Node& channel : node.items("source_channels")) {
    spikes.bit_volts.push_back(channel.number("bit_volts", kLargestBitVolts));
  }
  return spikes;
}

}  // namespace

Oebin parse_oebin(std::string_view text, const std::string& name) {
  Json document;
  try {
    document = Json::parse(text);
  } catch (const Json::parse_error& failure) {
    throw RecordingError(name + ": byte " + std::to_string(failure.byte) +
                         ": no JSON from here on: the file is cut off or damaged");
  } catch (const Json::out_of_range&) {
    throw RecordingError(name + ": holds a number that is larger than any can be: the file is damaged");
  }
  const Document place{text, name};
  const Node root(document, "", place);
  if (!document.is_object()) throw root.error("is no JSON object");
  Oebin oebin;
  oebin.gui_version = root.text_or("GUI version", "unknown");
  for (const Node& node : root.items("continuous")) oebin.continuous.push_back(continuous_of(node));
  for (const Node& node : root.items("events")) {
    oebin.events.push_back({node.folder("folder_name"), node.text_or("stream_name", ""), node.rate()});
  }
  for (const Node& node : root.items("spikes")) oebin.spikes.push_back(spikes_of(node));
  if (oebin.continuous.empty() && oebin.events.empty() && oebin.spikes.empty()) {
    throw root.error("lists neither continuous data nor events nor spikes");
  }
  return oebin;
}

}  // namespace vturn::recordings
