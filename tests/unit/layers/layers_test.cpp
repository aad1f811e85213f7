// Dependencies point down only: every #include line of the daemon and the plugins against the allowed arrows.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>

namespace fs = std::filesystem;

namespace {

using Rooms = std::set<std::string>;

const Rooms kPure{"core"};
// Each room and what it may include beside itself. decode, sleep, turns, trigger and ingest see the vocabulary only.
const std::map<std::string, Rooms> kAllowed{
    {"core", {}},
    {"rt", {"core"}},
    {"ingest", kPure},
    {"decode", kPure},
    {"sleep", kPure},
    {"turns", kPure},
    {"trigger", kPure},
    {"calibrate", {"core", "decode", "turns"}},
    {"wire", {"core", "proto"}},
    {"engine", {"core", "decode", "sleep", "turns", "trigger"}},
    {"models", {"core", "decode", "sleep", "turns", "trigger"}},
    {"publish", {"core", "rt", "wire", "proto"}},
    {"record", {"core", "rt", "wire", "proto"}},
    {"monitor", {"core", "rt", "wire", "proto"}},
    {"settings", {"core"}},
    {"pipeline",
     {"core", "rt", "wire", "ingest", "decode", "sleep", "turns", "trigger", "calibrate", "engine", "models", "publish",
      "record", "monitor", "settings", "plugins/api"}},
    {"main", {"core", "rt", "settings", "pipeline"}},
    {"plugins", {"core", "ingest", "rt", "plugins", "plugins/api"}},
};

std::string room_of(const std::string& path) {
  if (path.starts_with("daemon/")) {
    const std::string rest = path.substr(7);
    const auto slash = rest.find('/');
    return slash == std::string::npos ? "main" : rest.substr(0, slash);
  }
  if (path.starts_with("plugins/api/")) return "plugins/api";
  if (path.starts_with("plugins/")) return "plugins";
  if (path.starts_with("vturn/v1/")) return "proto";
  if (path.starts_with("tools/")) return "tools";
  return "";
}

std::vector<std::string> violations() {
  const fs::path root = VTURN_SOURCE_DIR;
  const std::regex include("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]");
  std::vector<std::string> found;
  for (const char* folder : {"daemon", "plugins"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".cpp" && extension != ".hpp" && extension != ".h" && extension != ".c" && extension != ".inc")
        continue;
      const std::string file = fs::relative(entry.path(), root).string();
      const std::string room = room_of(file);
      std::ifstream stream(entry.path());
      std::string line;
      while (std::getline(stream, line)) {
        std::smatch match;
        if (!std::regex_search(line, match, include)) continue;
        const std::string target = room_of(match[1]);
        if (target.empty() || target == room || room == "plugins/api") continue;
        const auto rule = kAllowed.find(room);
        if (rule == kAllowed.end() || !rule->second.contains(target))
          found.push_back(file + " includes " + match[1].str());
      }
    }
  }
  return found;
}

}  // namespace

TEST_CASE("dependencies point down only") {
  const auto found = violations();
  for (const auto& line : found) UNSCOPED_INFO(line);
  CHECK(found.empty());
}

TEST_CASE("boost, protobuf and ZeroMQ stay out of the pure rooms") {
  const fs::path root = VTURN_SOURCE_DIR;
  const std::regex heavy("#\\s*include\\s*[<\"](boost/|zmq|google/protobuf|spdlog|CLI/|toml\\+\\+|nlohmann)");
  for (const char* room : {"core", "decode", "sleep", "turns", "trigger", "calibrate", "engine", "ingest"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / "daemon" / room)) {
      std::ifstream stream(entry.path());
      const std::string text(std::istreambuf_iterator<char>(stream), {});
      INFO(entry.path().string());
      CHECK_FALSE(std::regex_search(text, heavy));
    }
  }
}
