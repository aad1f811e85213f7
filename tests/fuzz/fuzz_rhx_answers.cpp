// Any bytes as what RHX's command port says, in reads of any size, against a parser that has all of them at once; and
// so many of them that not all can be held.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "plugins/intan_rhx/command_text.hpp"

using namespace vturn::plugins;

namespace {

constexpr std::size_t kMostHeld = 64 * 1024;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const RhxAnswer& answer, std::size_t most_bytes) {
  constexpr std::array<std::string_view, 4> kModes{"Stop", "Run", "Record", "Trigger"};
  require(std::find(kModes.begin(), kModes.end(), answer.run_mode) != kModes.end());
  require(answer.value("RunMode") == answer.run_mode);
  std::size_t bytes = answer.complaint.size();
  for (const auto& [name, value] : answer.values) {
    bytes += name.size() + value.size();
    const auto number = answer.number(name);
    require(!number || (std::isfinite(*number) && std::llround(*number) <= 1'000'000'000'000'000));
  }
  require(bytes <= most_bytes);
}

std::vector<RhxAnswer> read_in_pieces(RhxAnswerParser& parser, std::string_view bytes, std::size_t size) {
  std::vector<RhxAnswer> answers;
  const std::size_t all = bytes.size();
  for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
    parser.take(bytes.substr(0, size));
    while (auto answer = parser.next()) {
      check(*answer, all);
      answers.push_back(std::move(*answer));
    }
  }
  return answers;
}

bool same(const RhxAnswer& a, const RhxAnswer& b) {
  return a.run_mode == b.run_mode && a.values == b.values && a.complaint == b.complaint;
}

void flood(std::string_view bytes) {
  RhxAnswerParser parser;
  std::string much;  // few large reads: a million tiny ones are slow and show no more
  while (much.size() < kMostHeld / 2 && !bytes.empty()) much += bytes;
  for (std::size_t taken = 0; taken < 2 * kMostHeld && !bytes.empty(); taken += much.size()) parser.take(much);
  const bool found = parser.next().has_value();
  const std::string rest = parser.unasked();
  require(rest.size() <= kMostHeld && (found || !rest.empty() || bytes.empty()));
  parser.take("Return: RunMode Stop");
  require(parser.next().has_value());
}

}  // namespace

/// Input: size of reads, then the bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > kMostHeld) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  RhxAnswerParser whole, cut;
  const auto expected = read_in_pieces(whole, bytes, std::max<std::size_t>(1, bytes.size()));
  const auto answers = read_in_pieces(cut, bytes, 1 + data[0] % 64U);
  require(std::equal(answers.begin(), answers.end(), expected.begin(), expected.end(), same));
  require(cut.unasked() == whole.unasked() && !cut.next() && cut.unasked().empty());
  if (size % 128 == 127) flood(bytes);
  return 0;
}
