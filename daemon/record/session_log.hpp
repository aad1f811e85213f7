#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/record/mcap_writer.hpp"
#include "daemon/wire/topics.hpp"

namespace vturn::record {

// What a session log is made of, for its writer and its readers.

inline constexpr std::string_view kProfile = "vturn";

// Topics beside the public ones (wire/topics.hpp).
inline constexpr std::string_view kInputTopic = "input";    ///< vturn.v1.InputBatch
inline constexpr std::string_view kDigestTopic = "digest";  ///< vturn.v1.Digest
inline constexpr std::string_view kSealedTopic = "sealed";  ///< vturn.v1.Sealed

// Attachments that replay rebuilds the engine from; a session without a model lacks its attachment.
inline constexpr std::string_view kConfigAttachment = "config.toml";
inline constexpr std::string_view kHeadingAttachment = "heading.json";
inline constexpr std::string_view kSleepAttachment = "sleep.json";
inline constexpr std::string_view kCellsAttachment = "cells.csv";

/// Of a heading model loaded while the session ran, named after the hash that its kLoadModel command carries.
std::string loaded_heading_attachment(std::uint64_t hash);

// Metadata records.
inline constexpr std::string_view kSessionMetadata = "session";        ///< id, versions, names
inline constexpr std::string_view kIncompleteMetadata = "incomplete";  ///< from here on inputs or outputs are missing

/// Channel ids of a session log.
struct SessionChannels {
  std::array<std::uint16_t, wire::kTopicCount> topics{};
  std::uint16_t input = 0;
  std::uint16_t digest = 0;
  std::uint16_t sealed = 0;
};

/// Adds every schema (a FileDescriptorSet of our own messages) and channel.
SessionChannels add_session_channels(McapWriter& writer);

}  // namespace vturn::record
