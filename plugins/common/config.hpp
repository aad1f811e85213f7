#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace vturn::plugins {

/// The configuration of one instance. Getters throw std::runtime_error with one line that names the instance, the key
/// and what was expected. A missing key gives the default.
class Config {
 public:
  explicit Config(const char* text);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string text(const char* key, const char* missing) const;
  [[nodiscard]] bool flag(const char* key, bool missing) const;
  [[nodiscard]] double number(const char* key, double missing, double low, double high) const;
  [[nodiscard]] std::int64_t integer(const char* key, std::int64_t missing, std::int64_t low, std::int64_t high) const;
  /// The value itself; null when missing.
  [[nodiscard]] nlohmann::json value(const char* key) const;
  /// For keys that only the plugin can judge.
  [[noreturn]] void refuse(const char* key, const std::string& found, const std::string& expected) const;

 private:
  nlohmann::json json_;
  std::string name_;
};

}  // namespace vturn::plugins
