#include "daemon/settings/toml_section.hpp"

#include <cmath>
#include <sstream>

namespace vturn::settings {
namespace {

std::string plain(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

}  // namespace

void Section::fail_at(const toml::node& node, const std::string& key, const std::string& message) const {
  throw SettingsError(file_ + ":" + std::to_string(node.source().begin.line) + ": " + full(key) + ": " + message);
}

void Section::fail(const char* key, const std::string& message) const {
  const toml::node* at = table_.get(key);
  fail_at(at != nullptr ? *at : static_cast<const toml::node&>(table_), key, message);
}

const toml::node* Section::node(const char* key) {
  known_.insert(key);
  return table_.get(key);
}

void Section::text(const char* key, std::string& value) {
  const toml::node* found = node(key);
  if (found == nullptr) return;
  const auto* string = found->as_string();
  if (string == nullptr) fail(key, "must be text in quotes");
  value = string->get();
}

void Section::required_text(const char* key, std::string& value) {
  if (node(key) == nullptr) fail(key, "is missing; give text in quotes");
  text(key, value);
  if (value.empty()) fail(key, "must not be empty");
}

void Section::choice(const char* key, std::string& value, std::initializer_list<const char*> allowed) {
  text(key, value);
  std::string list;
  for (const char* option : allowed) {
    if (value == option) return;
    list += (list.empty() ? "" : " | ") + std::string(option);
  }
  fail(key, "is \"" + value + "\"; allowed: " + list);
}

void Section::real(const char* key, double& value, double low, double high) {
  const toml::node* found = node(key);
  if (found == nullptr) return;
  const auto number = found->value<double>();
  const std::string range = "; allowed: " + plain(low) + " .. " + plain(high);
  if (!found->is_number() || !number) fail(key, "must be a number" + range);
  if (!(*number >= low && *number <= high)) fail(key, "is " + plain(*number) + range);
  value = *number;
}

void Section::integer(const char* key, std::int64_t& value, std::int64_t low, std::int64_t high) {
  const toml::node* found = node(key);
  if (found == nullptr) return;
  const std::string range = "; allowed: " + std::to_string(low) + " .. " + std::to_string(high);
  const auto* number = found->as_integer();
  if (number == nullptr) fail(key, "must be a whole number" + range);
  if (number->get() < low || number->get() > high) fail(key, "is " + std::to_string(number->get()) + range);
  value = number->get();
}

void Section::boolean(const char* key, bool& value) {
  const toml::node* found = node(key);
  if (found == nullptr) return;
  const auto* flag = found->as_boolean();
  if (flag == nullptr) fail(key, "must be true or false");
  value = flag->get();
}

const toml::table* Section::table(const char* key) {
  const toml::node* found = node(key);
  if (found == nullptr) return nullptr;
  if (!found->is_table()) fail(key, "must be a table ([" + full(key) + "])");
  return found->as_table();
}

const toml::array* Section::tables(const char* key) {
  const toml::node* found = node(key);
  if (found == nullptr) return nullptr;
  const auto* array = found->as_array();
  if (array == nullptr) fail(key, "must be a list of tables ([[" + full(key) + "]])");
  for (const auto& element : *array) {
    if (!element.is_table()) fail_at(element, key, "must be a list of tables ([[" + full(key) + "]])");
  }
  return array;
}

void Section::finish() const {
  for (const auto& [key, value] : table_) {
    if (known_.contains(key.str())) continue;
    std::string list;
    for (const auto& known : known_) list += (list.empty() ? "" : ", ") + known;
    fail_at(value, std::string(key.str()), "is not a key of this section; known: " + list);
  }
}

}  // namespace vturn::settings
