#pragma once

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

/// Reading a model's keys with errors that name them. `path` is the whole name of a key ("dynamics.rem.enter"), `where`
/// what stands before the key with its dot ("dynamics.rem."). Everything here throws BadModel.
namespace vturn::model_json {

using Json = nlohmann::ordered_json;

struct BadModel : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline const Json& child(const Json& parent, const std::string& key, const std::string& path) {
  if (!parent.is_object() || !parent.contains(key)) throw BadModel("key '" + path + "' is missing");
  return parent.at(key);
}

/// Finite in `Number`, float or double.
template <class Number>
Number number(const Json& value, const std::string& path) {
  if (!value.is_number()) throw BadModel("key '" + path + "' must be a number");
  const auto result = value.get<Number>();
  if (!std::isfinite(result)) throw BadModel("key '" + path + "' must be finite");
  return result;
}

template <class Number>
Number number_at(const Json& parent, const std::string& key, const std::string& where) {
  return number<Number>(child(parent, key, where + key), where + key);
}

inline std::string text_at(const Json& parent, const std::string& key, const std::string& where) {
  const Json& value = child(parent, key, where + key);
  if (!value.is_string()) throw BadModel("key '" + where + key + "' must be text");
  return value.get<std::string>();
}

inline const Json& list(const Json& value, std::size_t size, const std::string& path) {
  if (!value.is_array() || value.size() != size) {
    throw BadModel("key '" + path + "' must be a list of " + std::to_string(size) + " entries");
  }
  return value;
}

/// A figure of the cross-validation; one that could not be computed is null in the file, NaN here.
inline double figure(const Json& parent, const std::string& key) {
  const std::string path = "cross_validated." + key;
  const Json& value = child(parent, key, path);
  return value.is_null() ? std::nan("") : number<double>(value, path);
}

inline Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

/// `maker` is the command that makes such a model, `kind` its name in prose.
inline void check_schema(const Json& root, const std::string& schema, int version, const std::string& kind,
                         const std::string& maker) {
  if (child(root, "schema", "schema") != schema) {
    throw BadModel("key 'schema' is not '" + schema + "': this is no " + kind + "; make one with '" + maker + "'");
  }
  if (child(root, "schema_version", "schema_version") != version) {
    throw BadModel("key 'schema_version' is not " + std::to_string(version) +
                   ": the model was made by another version of vturn; calibrate again");
  }
}

}  // namespace vturn::model_json
