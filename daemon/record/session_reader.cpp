#include "daemon/record/session_reader.hpp"

#include "daemon/record/session_log.hpp"
#include "daemon/wire/codec.hpp"

namespace vturn::record {

Expected<SessionReader> SessionReader::open(const std::string& path) {
  auto reader = McapReader::open(path);
  if (!reader) return Error{reader.error()};
  return from(*std::move(reader), path);
}

Expected<SessionReader> SessionReader::from(McapReader reader, const std::string& name) {
  SessionReader session(std::move(reader), name);
  if (!session.read_head()) return Error{session.stopped_by_};
  if (session.reader_.profile() != kProfile)
    return Error{name + ": an MCAP file, but not a session log of vturnd (its profile is '" +
                 session.reader_.profile() + "')"};
  return session;
}

bool SessionReader::read_head() {
  while (true) {
    switch (reader_.next()) {
      case McapItem::kAttachment:
        attachments_[reader_.attachment().name] = reader_.attachment().data;
        break;
      case McapItem::kMetadata:
        if (!take_metadata()) return true;
        break;
      case McapItem::kMessage:
        return message_waits_ = true;
      case McapItem::kDamage:
        return stop(reader_.damage().what);
      case McapItem::kEnd:
        return true;
    }
  }
}

bool SessionReader::stop(const std::string& why) {
  stopped_by_ = why;
  ended_ = true;
  return false;
}

SessionReader::Item SessionReader::next() {
  while (true) {
    if (batch_at_ < batch_.inputs_size()) {
      if (give_input()) return Item::kInput;
    } else if (digest_waits_) {
      digest_waits_ = false;
      return Item::kDigest;
    } else if (ended_ || !advance()) {
      return Item::kEnd;
    }
  }
}

bool SessionReader::give_input() {
  if (wire::from_proto(batch_.inputs(batch_at_++), input_)) return true;
  batch_.Clear();
  batch_at_ = 0;
  return stop(name_ + ": byte " + std::to_string(reader_.offset()) +
              ": holds an input that this version does not know; use the version that recorded it");
}

bool SessionReader::advance() {
  if (message_waits_) {
    message_waits_ = false;
    return take_message();
  }
  switch (reader_.next()) {
    case McapItem::kMessage:
      return take_message();
    case McapItem::kMetadata:
      return take_metadata();
    case McapItem::kAttachment:
      attachments_[reader_.attachment().name] = reader_.attachment().data;
      return true;
    case McapItem::kDamage:
      return stop(reader_.damage().what);
    case McapItem::kEnd:
      break;
  }
  if (!final_seen_ && stopped_by_.empty())
    return stop(name_ + ": byte " + std::to_string(reader_.offset()) +
                ": the log ends before the session does (vturnd was killed); all before is there");
  ended_ = true;
  return false;
}

bool SessionReader::take_message() {
  const McapMessageView& message = reader_.message();
  const auto size = static_cast<int>(message.data.size());
  const std::string& topic = message.channel->topic;
  if (topic == kInputTopic) {
    batch_at_ = 0;
    if (batch_.ParseFromArray(message.data.data(), size)) return true;
    batch_.Clear();
    return stop(name_ + ": byte " + std::to_string(reader_.offset()) + ": a batch of inputs cannot be decoded");
  }
  if (topic != kDigestTopic) return true;
  if (!digest_message_.ParseFromArray(message.data.data(), size))
    return stop(name_ + ": byte " + std::to_string(reader_.offset()) + ": a digest cannot be decoded");
  digest_ = {digest_message_.inputs(), digest_message_.outputs(), digest_message_.hash(), digest_message_.final()};
  final_seen_ = final_seen_ || digest_.final;
  return digest_waits_ = true;
}

bool SessionReader::take_metadata() {
  if (reader_.metadata_name() == kSessionMetadata) about_ = reader_.metadata();
  if (reader_.metadata_name() != kIncompleteMetadata) return true;
  if (const auto reason = reader_.metadata().find("reason"); reason != reader_.metadata().end())
    return stop(name_ + ": incomplete from here on, as the log it was repaired from: " + reason->second);
  const auto field = [this](const char* key) {
    const auto found = reader_.metadata().find(key);
    return found == reader_.metadata().end() ? std::string("an unknown number of") : found->second;
  };
  return stop(name_ + ": incomplete from input " + field("inputs_before") + " on: " + field("inputs_lost") +
              " inputs and " + field("outputs_lost") + " outputs found the recorder's buffer full");
}

std::string SessionReader::attachment(std::string_view name) const {
  const auto found = attachments_.find(std::string(name));
  return found == attachments_.end() ? std::string() : found->second;
}

}  // namespace vturn::record
