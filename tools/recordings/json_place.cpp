#include "tools/recordings/json_place.hpp"

#include <algorithm>
#include <charconv>

namespace vturn::recordings {
namespace {

class Walker {
 public:
  explicit Walker(std::string_view text) noexcept : text_(text) { skip_space(); }

  [[nodiscard]] std::size_t at() const noexcept { return at_; }

  /// Goes to the value of a key of the object here; stays where it is when there is none.
  bool enter(std::string_view key) noexcept {
    const std::size_t begin = at_;
    if (here() != '{') return false;
    for (step(); at_ < text_.size() && here() != '}'; next_item()) {
      const std::size_t name = at_;
      skip_value();
      const bool found = text_.substr(name + 1, at_ - name - 2) == key;
      skip_space();
      step();  // the colon
      if (found) return true;
      skip_value();
    }
    at_ = begin;
    return false;
  }
  /// Goes to an item of the array here.
  bool enter(std::size_t index) noexcept {
    const std::size_t begin = at_;
    if (here() != '[') return false;
    step();
    for (std::size_t i = 0; at_ < text_.size() && here() != ']'; ++i, next_item()) {
      if (i == index) return true;
      skip_value();
    }
    at_ = begin;
    return false;
  }

 private:
  [[nodiscard]] char here() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() noexcept { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  void step() noexcept {
    ++at_;
    skip_space();
  }
  void next_item() noexcept {
    skip_space();
    if (here() == ',') step();
  }
  void skip_string() noexcept {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? std::size_t{2} : std::size_t{1};
    ++at_;
  }
  void skip_value() noexcept {
    std::size_t depth = 0;
    do {
      const char c = here();
      if (c == '"') {
        skip_string();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (depth == 0) {
        at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
      } else {
        depth -= c == '}' || c == ']' ? std::size_t{1} : std::size_t{0};
        ++at_;
      }
    } while (depth > 0 && at_ < text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::size_t json_place(std::string_view text, std::string_view path) noexcept {
  Walker walker(text);
  while (!path.empty()) {
    if (path.front() == '.') path.remove_prefix(1);
    if (path.front() == '[') {
      std::size_t index = 0;
      const std::size_t close = std::min(path.find(']'), path.size());
      std::from_chars(path.data() + 1, path.data() + close, index);
      if (!walker.enter(index)) break;
      path.remove_prefix(std::min(close + 1, path.size()));
    } else {
      const std::size_t end = std::min(path.find_first_of(".["), path.size());
      if (!walker.enter(path.substr(0, end))) break;
      path.remove_prefix(end);
    }
  }
  return walker.at();
}

}  // namespace vturn::recordings
