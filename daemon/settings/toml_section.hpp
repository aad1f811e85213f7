#pragma once

#include <initializer_list>
#include <set>
#include <stdexcept>
#include <string>

#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

namespace vturn::settings {

/// FILE:LINE: KEY: message.
struct SettingsError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One table of the rig file, read key by key with a check each; keys that nobody asked for are errors.
class Section {
 public:
  Section(const toml::table& table, std::string prefix, const std::string& file)
      : table_(table), prefix_(std::move(prefix)), file_(file) {}

  void text(const char* key, std::string& value);
  void required_text(const char* key, std::string& value);
  void choice(const char* key, std::string& value, std::initializer_list<const char*> allowed);
  void real(const char* key, double& value, double low, double high);
  void integer(const char* key, std::int64_t& value, std::int64_t low, std::int64_t high);
  void boolean(const char* key, bool& value);
  const toml::table* table(const char* key);
  const toml::array* tables(const char* key);
  const toml::node* node(const char* key);
  /// After the last key: whatever is left is a typing error.
  void finish() const;

  [[noreturn]] void fail(const char* key, const std::string& message) const;
  [[noreturn]] void fail_at(const toml::node& node, const std::string& key, const std::string& message) const;
  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const toml::table& raw() const { return table_; }

 private:
  [[nodiscard]] std::string full(const std::string& key) const { return prefix_.empty() ? key : prefix_ + "." + key; }

  const toml::table& table_;
  std::string prefix_;
  const std::string& file_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace vturn::settings
