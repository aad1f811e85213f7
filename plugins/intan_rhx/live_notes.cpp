#include "plugins/intan_rhx/live_notes.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "plugins/intan_rhx/command_text.hpp"

namespace vturn::plugins {
namespace {

/// As many as one message holds.
constexpr std::size_t kMost = (kRhxLongestMessage - kRhxBarrier.size()) / (VTURN_MAX_MARK_TEXT + 12);

/// In RHX's grammar: nothing that would end the command, and no byte that a Latin-1 reader would take for two letters.
std::string as_command(const char* text) {
  std::string command = std::string("livenotes ") + text;
  const auto misread = [](char c) { return c < ' ' || c > '~'; };
  std::replace_if(command.begin(), command.end(), misread, '?');
  std::replace(command.begin(), command.end(), ';', ',');
  return command;
}

}  // namespace

void LiveNotes::put(const char* text) noexcept {
  Note note{};
  if (std::strspn(text, " ") == std::strlen(text)) return;  // RHX knows no note without text
  std::memcpy(note.data(), text, strnlen(text, note.size() - 1));
  waiting_.push(note);
}

std::string LiveNotes::take(bool recording) {
  std::vector<std::string> commands;
  Note note;
  while (commands.size() < kMost && waiting_.pop(note)) {
    if (recording) commands.push_back(as_command(note.data()));
  }
  return commands.empty() ? "" : rhx_messages(commands).front();
}

}  // namespace vturn::plugins
