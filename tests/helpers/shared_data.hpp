#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace vturn::test {

/// The folder of the shared test data: $VTURN_DATA, else shared/data beside the checkout. It is looked for above where
/// the tests run first: a compiler cache may have made __FILE__ relative.
inline std::filesystem::path shared_data_folder() {
  namespace fs = std::filesystem;
  const char* env = std::getenv("VTURN_DATA");
  if (env != nullptr) return env;
  for (fs::path above = fs::current_path(); above != above.root_path(); above = above.parent_path()) {
    if (fs::exists(above / "shared" / "data")) return above / "shared" / "data";
  }
  return fs::path(__FILE__).parent_path().parent_path().parent_path().parent_path() / "shared" / "data";
}

/// Path of a file in the shared test data, or nothing, with one clear line, where a newcomer does not have it.
inline std::optional<std::filesystem::path> shared_data(const std::string& relative) {
  const std::filesystem::path file = shared_data_folder() / relative;
  if (std::filesystem::exists(file)) return file;
  std::printf("SKIPPED: %s is absent (set VTURN_DATA to run this test)\n", relative.c_str());
  return std::nullopt;
}

}  // namespace vturn::test
