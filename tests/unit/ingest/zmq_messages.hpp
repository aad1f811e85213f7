#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "daemon/ingest/zmq_interface.hpp"

namespace vturn::test {

using Part = std::vector<std::uint8_t>;

inline Part part(const std::string& text) { return {text.begin(), text.end()}; }

/// A multipart message made by hand, as the plugin sends it.
struct Message {
  std::vector<Part> parts;

  /// Valid while this message lives and does not change.
  [[nodiscard]] std::vector<ingest::Bytes> frames() const { return {parts.begin(), parts.end()}; }
};

inline Part floats(const std::vector<float>& values) {
  Part bytes(values.size() * sizeof(float));
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

inline Part envelope(const std::string& name) {
  Part bytes = part(name);
  bytes.push_back(0);
  return bytes;
}

/// Headers with the plugin's own layout: CRLF, two spaces, timestamp at the end.
inline std::string header(std::int64_t number, const std::string& type, const std::string& key,
                          const std::string& content, std::size_t data_size) {
  std::string text = "{\r\n  \"message_num\": " + std::to_string(number) + ",\r\n  \"type\": \"" + type +
                     "\",\r\n  \"" + key + "\": {\r\n    " + content + "\r\n  },\r\n";
  if (type != "spike") text += "  \"data_size\": " + std::to_string(data_size) + ",\r\n";
  return text + "  \"timestamp\": 1795469420136\r\n}";
}

inline Message data_message(std::int64_t number, std::int64_t sample, const std::vector<float>& samples,
                            int channel = 0, const std::string& name = "CH1", const std::string& rate = "30000.0",
                            const std::string& stream = "s") {
  const std::string content = "\"stream\": \"" + stream + "\",\r\n    \"channel_num\": " + std::to_string(channel) +
                              (name.empty() ? "" : ",\r\n    \"channel_name\": \"" + name + "\"") +
                              ",\r\n    \"num_samples\": " + std::to_string(samples.size()) +
                              ",\r\n    \"sample_num\": " + std::to_string(sample) +
                              ",\r\n    \"sample_rate\": " + rate;
  const Part payload = floats(samples);
  return {{envelope("DATA"), part(header(number, "data", "content", content, payload.size())), payload}};
}

inline Message spike_message(std::int64_t number, std::int64_t sample, const std::string& electrode = "Electrode 1",
                             const std::vector<float>& waveform = std::vector<float>(40, -70.0F), int sorted_id = 0,
                             const std::string& stream = "s") {
  const std::string content =
      "\"stream\": \"" + stream + "\",\r\n    \"source_node\": 103,\r\n    \"electrode\": \"" + electrode +
      "\",\r\n    \"sample_num\": " + std::to_string(sample) +
      ",\r\n    \"num_channels\": 1,\r\n    \"num_samples\": " + std::to_string(waveform.size()) +
      ",\r\n    \"sorted_id\": " + std::to_string(sorted_id) + ",\r\n    \"threshold\": [\r\n      -60.0\r\n    ]";
  return {{envelope("EVENT"), part(header(number, "spike", "spike", content, 0)), floats(waveform)}};
}

inline Message ttl_message(std::int64_t number, std::int64_t sample, std::uint8_t line = 0, std::uint8_t state = 1,
                           std::uint64_t word = 1, const std::string& stream = "s") {
  const std::string content = "\"stream\": \"" + stream + "\",\r\n    \"source_node\": 100,\r\n    \"type\": 3,\r\n" +
                              "    \"sample_num\": " + std::to_string(sample);
  Part payload = {line, state};
  for (int i = 0; i < 8; ++i) payload.push_back(static_cast<std::uint8_t>(word >> (8 * i)));
  return {{envelope("EVENT"), part(header(number, "event", "content", content, payload.size())), payload}};
}

}  // namespace vturn::test
