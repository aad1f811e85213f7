#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/ingest/capture_frames.hpp"
#include "tests/helpers/shared_data.hpp"
#include "tools/lib/zst_file.hpp"

namespace vturn::test {

using CaptureBytes = std::vector<std::uint8_t>;

/// The unpacked bytes of a shared capture, or nothing where a newcomer does not have the shared data.
inline std::optional<CaptureBytes> load_capture(const std::string& name) {
  const auto file = shared_data("open-ephys/" + name);
  if (!file) return std::nullopt;
  auto bytes = tools::read_file_or_zst(*file);
  if (!bytes) FAIL(bytes.error());
  return *std::move(bytes);
}

/// Calls `each(message)` for every message of the capture; the capture has to end whole.
template <class Each>
void for_each_message(const CaptureBytes& capture, Each&& each) {
  ingest::CaptureFrames reader(capture);
  ingest::CapturedMessage message;
  auto step = reader.next(message);
  for (; step == ingest::CaptureStep::kMessage; step = reader.next(message)) each(message);
  REQUIRE(step == ingest::CaptureStep::kEnd);
}

}  // namespace vturn::test
