#include "daemon/record/session_log.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <vturn/v1/events.pb.h>
#include <vturn/v1/session_log.pb.h>

#include <set>

#include "daemon/core/text_hash.hpp"

namespace vturn::record {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;

// A file comes after the files it imports, so that a reader can build them in order.
void add_file(const FileDescriptor& file, std::set<std::string>& added, google::protobuf::FileDescriptorSet& set) {
  if (!added.insert(file.name()).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) add_file(*file.dependency(i), added, set);
  file.CopyTo(set.add_file());
}

std::uint16_t add_channel(McapWriter& writer, std::string_view topic, const Descriptor& message) {
  google::protobuf::FileDescriptorSet set;
  std::set<std::string> added;
  add_file(*message.file(), added, set);
  const auto schema = writer.add_schema({message.full_name(), "protobuf", set.SerializeAsString()});
  return writer.add_channel({schema, std::string(topic), "protobuf", {}});
}

}  // namespace

std::string loaded_heading_attachment(std::uint64_t hash) { return "heading-" + hash_text(hash) + ".json"; }

SessionChannels add_session_channels(McapWriter& writer) {
  using wire::Topic;
  const std::array<const Descriptor*, wire::kTopicCount> messages{
      v1::Heading::descriptor(),    v1::Sleep::descriptor(),   v1::Turn::descriptor(),
      v1::Population::descriptor(), v1::Trigger::descriptor(), v1::Veto::descriptor(),
      v1::Session::descriptor(),    v1::Health::descriptor(),  v1::Calibration::descriptor()};
  SessionChannels channels;
  for (std::size_t i = 0; i < messages.size(); ++i)
    channels.topics[i] = add_channel(writer, wire::kTopicNames[i], *messages[i]);
  channels.input = add_channel(writer, kInputTopic, *v1::InputBatch::descriptor());
  channels.digest = add_channel(writer, kDigestTopic, *v1::Digest::descriptor());
  channels.sealed = add_channel(writer, kSealedTopic, *v1::Sealed::descriptor());
  return channels;
}

}  // namespace vturn::record
