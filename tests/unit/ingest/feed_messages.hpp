#pragma once

#include <falcon_output_generated.h>

#include <string>
#include <vector>

#include "tests/unit/ingest/zmq_messages.hpp"

namespace vturn::test {

template <class T>
void append(Part& bytes, T value) {
  const auto* raw = reinterpret_cast<const std::uint8_t*>(&value);
  bytes.insert(bytes.end(), raw, raw + sizeof(T));
}

/// Event Broadcaster, Raw Binary: the head that both kinds share.
inline Part packet_head(std::uint8_t kind, std::uint8_t type, std::uint16_t stream, std::uint16_t index,
                        std::int64_t sample) {
  Part bytes = {kind, type};
  append(bytes, std::uint16_t{102});
  append(bytes, stream);
  append(bytes, index);
  append(bytes, sample);
  append(bytes, -1.0);
  return bytes;
}

/// `type` 1 single electrode, 2 stereotrode, 3 tetrode; `waveform` channel-major.
inline Message raw_spike(std::int64_t sample, std::uint16_t index = 0,
                         const std::vector<float>& waveform = std::vector<float>(40, -70.0F), std::uint8_t type = 1,
                         std::uint16_t sorted_id = 0, std::uint16_t stream = 10003) {
  Part bytes = packet_head(2, type, stream, index, sample);
  append(bytes, sorted_id);
  for (int channel = 0; channel < (type == 3 ? 4 : type); ++channel) append(bytes, -60.0F);
  const Part samples = floats(waveform);
  bytes.insert(bytes.end(), samples.begin(), samples.end());
  return {{{1, 0}, bytes}};
}

inline Message raw_ttl(std::int64_t sample, std::uint8_t line = 0, std::uint8_t state = 1, std::uint64_t word = 1,
                       std::uint16_t stream = 10003) {
  Part bytes = packet_head(1, 3, stream, 0, sample);
  append(bytes, line);
  append(bytes, state);
  append(bytes, word);
  return {{{0, 0}, bytes}};
}

inline Message json_event(std::uint8_t kind, const std::string& fields, std::int64_t sample,
                          const std::string& stream) {
  const std::string type = kind == 1 ? "spike" : "ttl";
  return {{{kind, 0},
           part("{\r\n  \"event_type\": \"" + type + "\",\r\n  \"stream\": \"" + stream +
                "\",\r\n  \"source_node\": 105,\r\n  \"sample_rate\": 30000.0,\r\n  \"sample_number\": " +
                std::to_string(sample) + ",\r\n  " + fields + "\r\n}")}};
}

inline Message json_spike(std::int64_t sample, const std::string& electrode = "Electrode 1",
                          const std::vector<float>& amplitudes = {88.0F}, const std::string& stream = "s") {
  std::string fields = "\"electrode\": \"" + electrode +
                       "\",\r\n  \"num_channels\": " + std::to_string(amplitudes.size()) + ",\r\n  \"sorted_id\": 0";
  for (std::size_t i = 0; i < amplitudes.size(); ++i)
    fields += ",\r\n  \"amp" + std::to_string(i + 1) + "\": " + std::to_string(amplitudes[i]);
  return json_event(1, fields, sample, stream);
}

inline Message json_ttl(std::int64_t sample, int line, const std::string& state, const std::string& stream = "s") {
  return json_event(
      0, "\"channel_name\": \"All TTL events\",\r\n  \"line\": " + std::to_string(line) + ",\r\n  \"state\": " + state,
      sample, stream);
}

struct FalconBlock {
  std::vector<float> samples;  ///< channel-major
  std::vector<std::uint16_t> codes;
  std::string stream = "s";
  std::uint32_t channels = 1, count = 0;
  std::uint64_t sample_num = 0, message_id = 1;
  std::uint32_t rate_hz = 30000;
};

inline Message falcon_message(const FalconBlock& block) {
  flatbuffers::FlatBufferBuilder builder;
  const auto samples = builder.CreateVector(block.samples);
  const auto codes = builder.CreateVector(block.codes);
  const auto stream = builder.CreateString(block.stream);
  builder.Finish(falcon::CreateContinuousData(builder, samples, codes, stream, block.channels, block.count,
                                              block.sample_num, 12.5, block.message_id, block.rate_hz));
  return {{{builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()}}};
}

/// A block of `channels` x `count` samples at one level, no line high.
inline FalconBlock falcon_block(std::uint64_t message_id, std::uint64_t sample_num, std::uint32_t count,
                                std::uint32_t channels = 2, float level = 5.0F) {
  FalconBlock block;
  block.samples.assign(std::size_t{channels} * count, level);
  block.codes.assign(count, 0);
  block.channels = channels;
  block.count = count;
  block.sample_num = sample_num;
  block.message_id = message_id;
  return block;
}

/// The schema of a plugin before 0.2: samples, n_channels, n_samples, timestamp, message_id, sample_rate.
inline Message old_falcon_message() {
  flatbuffers::FlatBufferBuilder builder;
  const auto samples = builder.CreateVector(std::vector<float>(8, 1.0F));
  const auto start = builder.StartTable();
  builder.AddOffset(4, samples);
  builder.AddElement<std::uint32_t>(6, 2, 0);
  builder.AddElement<std::uint32_t>(8, 4, 0);
  builder.AddElement<std::uint64_t>(10, 700, 0);
  builder.AddElement<std::uint64_t>(12, 1, 0);
  builder.AddElement<std::uint32_t>(14, 30000, 0);
  builder.Finish(flatbuffers::Offset<void>(builder.EndTable(start)));
  return {{{builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()}}};
}

}  // namespace vturn::test
