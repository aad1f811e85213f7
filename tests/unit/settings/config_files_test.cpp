// The rig files that we ship are what users copy: each must be one that vturnd takes.
#include <catch2/catch.hpp>
#include <filesystem>

#include "daemon/settings/settings.hpp"

TEST_CASE("every rig file in config/ is read without complaint") {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(VTURN_SOURCE_DIR "/config")) {
    if (entry.path().extension() != ".toml") continue;
    const auto rig = vturn::settings::load_rig(entry.path().string());
    INFO((rig ? entry.path().string() : rig.error()));
    CHECK(rig);
    ++files;
  }
  CHECK(files >= 3);
}
