#include "tests/helpers/process.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace vturn::test {

std::filesystem::path bin_dir() {
  const char* env = std::getenv("VTURN_BIN");
  if (env == nullptr) throw std::runtime_error("VTURN_BIN is not set; run through ctest");
  return env;
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

}  // namespace vturn::test
