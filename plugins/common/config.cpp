#include "plugins/common/config.hpp"

#include <stdexcept>

namespace vturn::plugins {
namespace {

std::string range(double low, double high) {
  return "a number from " + nlohmann::json(low).dump() + " to " + nlohmann::json(high).dump();
}

}  // namespace

Config::Config(const char* text) : json_(nlohmann::json::parse(text, nullptr, false)) {
  if (!json_.is_object()) throw std::runtime_error("plugin configuration: expected one JSON object");
  name_ = json_.value("name", std::string("unnamed"));
}

void Config::refuse(const char* key, const std::string& found, const std::string& expected) const {
  throw std::runtime_error("\"" + name_ + "\": " + key + " = " + found + ": expected " + expected);
}

nlohmann::json Config::value(const char* key) const {
  const auto found = json_.find(key);
  return found == json_.end() ? nlohmann::json() : *found;
}

std::string Config::text(const char* key, const char* missing) const {
  const nlohmann::json found = value(key);
  if (found.is_null()) return missing;
  if (!found.is_string()) refuse(key, found.dump(), "text");
  return found.get<std::string>();
}

bool Config::flag(const char* key, bool missing) const {
  const nlohmann::json found = value(key);
  if (found.is_null()) return missing;
  if (!found.is_boolean()) refuse(key, found.dump(), "true or false");
  return found.get<bool>();
}

double Config::number(const char* key, double missing, double low, double high) const {
  const nlohmann::json found = value(key);
  if (found.is_null()) return missing;
  if (!found.is_number()) refuse(key, found.dump(), range(low, high));
  const auto number = found.get<double>();
  if (!(number >= low && number <= high)) refuse(key, found.dump(), range(low, high));
  return number;
}

std::int64_t Config::integer(const char* key, std::int64_t missing, std::int64_t low, std::int64_t high) const {
  const nlohmann::json found = value(key);
  if (found.is_null()) return missing;
  const std::string expected = "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  if (!found.is_number_integer()) refuse(key, found.dump(), expected);
  const auto number = found.get<std::int64_t>();
  if (number < low || number > high) refuse(key, found.dump(), expected);
  return number;
}

}  // namespace vturn::plugins
