#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace vturn::test {

/// Path of a file in the shared test data, or nothing, with one clear line, where a newcomer does not have it.
/// The folder is $VTURN_DATA, else shared/data beside the checkout.
inline std::optional<std::filesystem::path> shared_data(const std::string& relative) {
  namespace fs = std::filesystem;
  const char* env = std::getenv("VTURN_DATA");
  const fs::path root =
      env != nullptr ? fs::path(env)
                     : fs::path(__FILE__).parent_path().parent_path().parent_path().parent_path() / "shared" / "data";
  const fs::path file = root / relative;
  if (fs::exists(file)) return file;
  std::printf("SKIPPED: %s is absent (set VTURN_DATA to run this test)\n", relative.c_str());
  return std::nullopt;
}

}  // namespace vturn::test
