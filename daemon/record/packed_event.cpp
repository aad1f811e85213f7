#include "daemon/record/packed_event.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace vturn::record {

namespace {

constexpr std::size_t kTagBytes = sizeof(Packed);

std::size_t used_bytes(const LfpInput& lfp) noexcept {
  return offsetof(LfpInput, samples) + std::min(lfp.count, kMaxLfpSamples) * sizeof(float);
}

std::size_t payload_bytes(const InputEvent& event) noexcept {
  switch (event.kind) {
    case InputKind::kTick:
      return 0;
    case InputKind::kSpike:
      return sizeof(SpikeInput);
    case InputKind::kLfp:
      return used_bytes(event.payload.lfp);
    case InputKind::kHeading:
      return sizeof(HeadingInput);
    case InputKind::kTtl:
      return sizeof(TtlInput);
    case InputKind::kSource:
      return sizeof(SourceInput);
    case InputKind::kCommand:
      return sizeof(CommandInput);
    case InputKind::kOutputResult:
      return sizeof(OutputResultInput);
    case InputKind::kRecorder:
      return sizeof(RecorderInput);
  }
  return sizeof event.payload;
}

std::size_t payload_bytes(const OutputEvent& event) noexcept {
  switch (event.kind) {
    case OutputKind::kHeading:
      return sizeof(HeadingOutput);
    case OutputKind::kSleep:
      return sizeof(SleepOutput);
    case OutputKind::kTurn:
      return sizeof(TurnOutput);
    case OutputKind::kPopulation:
      return sizeof(PopulationOutput);
    case OutputKind::kTrigger:
      return sizeof(TriggerOutput);
    case OutputKind::kVeto:
      return sizeof(VetoOutput);
    case OutputKind::kSession:
      return sizeof(SessionOutput);
    case OutputKind::kPulseStop:
      return sizeof(PulseStopOutput);
  }
  return sizeof event.payload;
}

char* claim(ByteRing& ring, Packed kind, std::size_t bytes) noexcept {
  char* into = ring.try_claim(kTagBytes + bytes);
  if (into == nullptr) return nullptr;
  std::memcpy(into, &kind, kTagBytes);
  return into + kTagBytes;
}

template <class T>
bool pack_whole(ByteRing& ring, Packed kind, const T& value) noexcept {
  char* into = claim(ring, kind, sizeof value);
  if (into == nullptr) return false;
  std::memcpy(into, &value, sizeof value);
  ring.commit();
  return true;
}

template <class T>
T unpack(std::string_view bytes) noexcept {
  T value{};
  std::memcpy(static_cast<void*>(&value), bytes.data(), std::min(sizeof value, bytes.size()));
  return value;
}

}  // namespace

bool try_pack(ByteRing& ring, const InputEvent& event) noexcept {
  const std::size_t bytes = offsetof(InputEvent, payload) + payload_bytes(event);
  char* into = claim(ring, Packed::kInput, bytes);
  if (into == nullptr) return false;
  std::memcpy(into, &event, bytes);
  ring.commit();
  return true;
}

bool try_pack(ByteRing& ring, const OutputEvent& event, const wire::Stamps& stamps) noexcept {
  const std::size_t bytes = offsetof(OutputEvent, payload) + payload_bytes(event);
  char* into = claim(ring, Packed::kOutput, sizeof stamps + bytes);
  if (into == nullptr) return false;
  std::memcpy(into, &stamps, sizeof stamps);
  std::memcpy(into + sizeof stamps, &event, bytes);
  ring.commit();
  return true;
}

bool try_pack(ByteRing& ring, const DigestMark& mark) noexcept { return pack_whole(ring, Packed::kDigest, mark); }
bool try_pack(ByteRing& ring, const GapMark& mark) noexcept { return pack_whole(ring, Packed::kGap, mark); }

Packed packed_kind(std::string_view record) noexcept { return unpack<Packed>(record.substr(0, kTagBytes)); }

InputEvent unpack_input(std::string_view record) noexcept { return unpack<InputEvent>(record.substr(kTagBytes)); }

OutputRecord unpack_output(std::string_view record) noexcept {
  const auto stamps = record.substr(kTagBytes, sizeof(wire::Stamps));
  return {unpack<OutputEvent>(record.substr(kTagBytes + sizeof(wire::Stamps))), unpack<wire::Stamps>(stamps)};
}

DigestMark unpack_digest(std::string_view record) noexcept { return unpack<DigestMark>(record.substr(kTagBytes)); }
GapMark unpack_gap(std::string_view record) noexcept { return unpack<GapMark>(record.substr(kTagBytes)); }

}  // namespace vturn::record
