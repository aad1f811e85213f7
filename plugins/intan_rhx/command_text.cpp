#include "plugins/intan_rhx/command_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace vturn::plugins {
namespace {

constexpr std::size_t kMostHeld = 64 * 1024, kMostShown = 500;
constexpr double kLargestNumber = 1e15;  // beyond it, and for "inf" and "nan", no conversion to integers is defined
constexpr std::string_view kReturn = "Return: ";
constexpr std::string_view kBarrierName = "runmode ";
constexpr std::array<std::string_view, 4> kRunModes{"Stop", "Run", "Record", "Trigger"};
/// Values that are words: what follows one without a space is a complaint.
constexpr std::array<std::string_view, 12> kWords{"ControllerRecordUSB2",
                                                  "ControllerRecordUSB3",
                                                  "ControllerStimRecord",
                                                  "True",
                                                  "False",
                                                  "Stop",
                                                  "Run",
                                                  "Record",
                                                  "Trigger",
                                                  "Disconnected",
                                                  "Pending",
                                                  "Connected"};

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// Where the value of the next reply to the barrier begins, npos = there is none.
std::size_t find_barrier_value(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find(kReturn, from); at != std::string_view::npos; at = text.find(kReturn, at + 1)) {
    const std::size_t name = at + kReturn.size(), value = name + kBarrierName.size();
    if (lowered(text.substr(name, kBarrierName.size())) == kBarrierName) return value;
  }
  return std::string_view::npos;
}

bool of_number(char c) { return (c >= '0' && c <= '9') || c == '.' || c == '-'; }

/// How much of `text` is the value; the rest is a complaint that RHX put behind it without a space.
std::size_t value_length(std::string_view text) {
  if (!text.empty() && of_number(text.front())) {
    return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), of_number) - text.begin());
  }
  std::size_t longest = 0;
  for (const std::string_view word : kWords) {
    if (text.starts_with(word)) longest = std::max(longest, word.size());
  }
  return longest > 0 ? longest : text.size();
}

/// "NAME VALUE", or a bare number.
void read_return(std::string_view text, RhxAnswer& answer) {
  std::string name;
  if (const std::size_t space = text.find(' '); space != std::string_view::npos && !of_number(text.front())) {
    name = lowered(text.substr(0, space));
    text.remove_prefix(space + 1);
  }
  const std::size_t length = value_length(text);
  answer.values[name] = text.substr(0, length);
  answer.complaint += text.substr(length);
}

RhxAnswer read_answer(std::string_view text) {
  RhxAnswer answer;
  std::size_t at = std::min(text.find(kReturn), text.size());
  answer.complaint = text.substr(0, at);
  while (at < text.size()) {
    const std::size_t begin = at + kReturn.size();
    at = std::min(text.find(kReturn, begin), text.size());
    if (begin < at) read_return(text.substr(begin, at - begin), answer);
  }
  const auto mode = answer.values.find("runmode");
  if (mode != answer.values.end()) answer.run_mode = mode->second;
  return answer;
}

/// RHX splits at ';', and at spaces only: a tab would be part of a word here and none there.
bool has_place(char c) { return c >= ' ' && c <= '~' && c != ';'; }

void check(const std::string& command) {
  const std::size_t verb = command.find_first_not_of(' ');
  const std::size_t argument = command.find_first_not_of(' ', command.find(' ', verb));
  const bool lone_verb = verb == std::string::npos || argument == std::string::npos;
  const bool fits = command.size() + 1 + kRhxBarrier.size() <= kRhxLongestMessage;
  if (lone_verb || !fits || !std::all_of(command.begin(), command.end(), has_place)) {
    throw std::invalid_argument("not a command for RHX: \"" + command.substr(0, 80) + "\"");
  }
}

}  // namespace

std::vector<std::string> rhx_messages(const std::vector<std::string>& commands) {
  std::vector<std::string> messages;
  std::string message;
  for (const std::string& command : commands) {
    check(command);
    if (message.size() + command.size() + 1 + kRhxBarrier.size() > kRhxLongestMessage) {
      messages.push_back(std::exchange(message, "").append(kRhxBarrier));
    }
    message.append(command).append(";");
  }
  messages.push_back(message.append(kRhxBarrier));
  return messages;
}

std::string rhx_shown(std::string_view text) {
  std::string line(text.substr(0, kMostShown));
  const auto foreign = [](char c) { return c < ' ' || c > '~'; };
  std::replace_if(line.begin(), line.end(), foreign, '?');
  return text.size() > kMostShown ? line + "..." : line;
}

std::optional<std::string_view> RhxAnswer::value(std::string_view parameter) const {
  const auto found = values.find(lowered(parameter));
  if (found == values.end()) return std::nullopt;
  return found->second;
}

std::optional<double> RhxAnswer::number(std::string_view parameter) const {
  const auto text = value(parameter);
  if (!text) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool whole = error == std::errc{} && end == text->data() + text->size();
  if (!whole || !(std::abs(number) <= kLargestNumber)) return std::nullopt;
  return number;
}

void RhxAnswerParser::take(std::string_view bytes) {
  held_ += bytes;
  // Half of it at once, or each small read would move all of it.
  if (held_.size() > kMostHeld) held_.erase(0, held_.size() - kMostHeld / 2);
}

std::optional<RhxAnswer> RhxAnswerParser::next() {
  const std::string_view text = held_;
  for (std::size_t at = find_barrier_value(text, 0); at != std::string_view::npos; at = find_barrier_value(text, at)) {
    const auto mode = std::find_if(kRunModes.begin(), kRunModes.end(),
                                   [&](std::string_view m) { return text.substr(at).starts_with(m); });
    if (mode == kRunModes.end()) continue;
    const std::size_t end = at + mode->size();
    RhxAnswer answer = read_answer(text.substr(0, end));
    held_.erase(0, end);
    return answer;
  }
  return std::nullopt;
}

std::string RhxAnswerParser::unasked() {
  std::string text;
  while (const auto answer = next()) text += answer->complaint;
  return text + std::exchange(held_, "");
}

}  // namespace vturn::plugins
