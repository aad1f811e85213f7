#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>

#include "tools/commands/registry.hpp"
#include "tools/lib/atomic_file.hpp"
#include "tools/lib/csv.hpp"
#include "tools/lib/json_out.hpp"

// `vturn report FOLDER`: the figures that tools/demo has collected, on one page.

namespace vturn::tools {
namespace {

Json read_json(const std::string& folder, const char* name) {
  const std::string path = folder + "/" + name;
  try {
    return Json::parse(read_file(path, 16U << 20));
  } catch (const std::exception& error) {
    throw UsageError(path + ": " + error.what() + "; run tools/demo first");
  }
}

double number(const Json& json, const char* pointer) {
  const auto value = json.value(Json::json_pointer(pointer), Json());
  return value.is_number() ? value.get<double>() : std::nan("");
}

/// How often each value of a CSV column occurs.
std::map<std::string, int> count_column(const std::string& path, const std::string& column) {
  CsvReader csv{std::filesystem::path(path)};
  const std::size_t at = csv.column(column);
  std::map<std::string, int> counts;
  while (csv.next()) ++counts[std::string(csv.text(at))];
  return counts;
}

/// Triggers by arm; what the output did not carry out stands for itself.
std::map<std::string, int> count_arms(const std::string& path) {
  CsvReader csv{std::filesystem::path(path)};
  const std::size_t arm = csv.column("arm"), result = csv.column("result");
  std::map<std::string, int> counts;
  while (csv.next()) {
    std::string name(csv.text(arm));
    const std::string_view answer = csv.text(result);
    if (answer == "refused" || answer == "failed") name.append(" ").append(answer);
    ++counts[name];
  }
  return counts;
}

std::string listed(const std::map<std::string, int>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) text += (text.empty() ? "" : ", ") + name + " " + std::to_string(count);
  return text.empty() ? "none" : text;
}

void print_signals(const std::string& folder) {
  const Json mouse = read_json(folder, "mouse.json");
  const Json heading = read_json(folder, "heading.json");
  const Json sleep = read_json(folder, "sleep.json");
  const Json turns = read_json(folder, "turns.json");
  std::printf("  session          %.0f s in %.0f s of wall time (wake %.0f s, NREM %.0f s, REM %.0f s)\n",
              number(mouse, "/session_s"), number(mouse, "/wall_s"), number(mouse, "/wake_s"), number(mouse, "/nrem_s"),
              number(mouse, "/rem_s"));
  std::printf("  heading error    median %.1f deg, mean %.1f deg over the whole session, all states\n",
              number(heading, "/median_abs_error_deg"), number(heading, "/mean_abs_error_deg"));
  std::printf("  sleep            kappa %.2f, REM F1 %.2f, REM onset told after %.0f s (median)\n",
              number(sleep, "/kappa"), number(sleep, "/rem_f1"), number(sleep, "/onset_latency_s/median"));
  std::printf("  turns in REM     %.0f hit, %.0f missed (>= 45 deg), %.1f false a minute, latency median %.0f ms\n",
              number(turns, "/hits"), number(turns, "/missed"), number(turns, "/false_per_minute"),
              number(turns, "/latency_median_ms"));
}

void print_decisions(const std::string& folder) {
  const Json mouse = read_json(folder, "mouse.json");
  const Json replay = read_json(folder, "replay.json");
  std::printf("  triggers         %s\n", listed(count_arms(folder + "/csv/triggers.csv")).c_str());
  std::printf("  felt by mouse    %.0f pulses, %.0f too late\n", number(mouse, "/stimuli"),
              number(mouse, "/late_stimuli"));
  std::printf("  vetoes           %s\n", listed(count_column(folder + "/csv/vetoes.csv", "reason")).c_str());
  std::printf("  replay           digest %s, %s\n", replay.value("digest", "?").c_str(),
              replay.value("matches", false) ? "as recorded" : "NOT as recorded");
}

void print_latencies(const std::string& folder) {
  const Json status = read_json(folder, "status.json");
  const Json health = status.value("health", Json::object());
  std::printf("  latency, us      %-22s %10s %10s %10s\n", "hop", "p50", "p99", "max");
  for (const Json& hop : health.value("latencies", Json::array())) {
    std::printf("                   %-22s %10.1f %10.1f %10.1f\n", hop.value("hop", "").c_str(), number(hop, "/p50_us"),
                number(hop, "/p99_us"), number(hop, "/max_us"));
  }
}

Run configure(CLI::App& app) {
  auto folder = std::make_shared<std::string>("build/demo");
  app.add_option("folder", *folder, "folder of a tools/demo run")->capture_default_str();
  return [folder] {
    print_signals(*folder);
    print_decisions(*folder);
    print_latencies(*folder);
    return 0;
  };
}

const Registration registration({"", "report", "the figures of a tools/demo run on one page", configure});

}  // namespace
}  // namespace vturn::tools
