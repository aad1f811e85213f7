#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "tools/lib/atomic_file.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/lib/progress.hpp"

using namespace vturn::tools;

namespace {

std::filesystem::path fresh_folder() {
  const auto folder = std::filesystem::temp_directory_path() / ("vturn_files_test_" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

std::size_t entries(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a file appears whole or not at all") {
  const auto folder = fresh_folder();
  const auto file = folder / "model.json";
  write_file_atomically(file, "old");
  {
    AtomicFile half(file);
    half.stream() << "new, but never finished";
  }
  CHECK(read_file(file, 100) == "old");
  CHECK(entries(folder) == 1);
  write_file_atomically(file, "new");
  CHECK(read_file(file, 100) == "new");
  CHECK_THROWS_WITH(read_file(file, 2), Catch::Contains("larger than 2 bytes"));
  CHECK_THROWS_WITH(AtomicFile(folder / "absent" / "x"), Catch::Contains("absent"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("an interrupt sets a flag, and the former handler comes back") {
  std::signal(SIGTERM, SIG_IGN);
  {
    const InterruptScope scope;
    CHECK_FALSE(interrupted());
    ::raise(SIGTERM);
    CHECK(interrupted());
    CHECK_THROWS_AS(throw_if_interrupted(), Interrupted);
  }
  CHECK(std::signal(SIGTERM, SIG_DFL) == SIG_IGN);
}

TEST_CASE("a second interrupt ends the process") {
  const pid_t child = ::fork();
  if (child == 0) {
    const InterruptScope scope;
    ::raise(SIGINT);
    ::raise(SIGINT);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
}

TEST_CASE("progress is quiet on a short job that no terminal watches") {
  std::FILE* out = std::tmpfile();
  {
    Progress progress("working", 100, out);
    for (std::uint64_t i = 0; i <= 100; ++i) progress.update(i);
  }
  CHECK(std::ftell(out) == 0);
  std::fclose(out);
}

TEST_CASE("what JSON lacks becomes null") {
  CHECK(json_number(1.5) == 1.5);
  CHECK(json_number(std::nan("")).is_null());
}
