// Recorded spikes of 32 head-direction cells, as the Open Ephys GUI sent them, through the real daemon.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "tests/helpers/shared_data.hpp"
#include "tests/integration/csv.hpp"
#include "tests/integration/daemon.hpp"
#include "tests/integration/heading_error.hpp"
#include "tests/integration/models.hpp"

using namespace vturn::test;
using namespace std::chrono_literals;

namespace {

constexpr double kSpeed = 10.0;
constexpr std::uint64_t kMessages = 51975, kSpikes = 51339, kTtl = 636;
constexpr std::size_t kUnits = 32;

struct Run {
  std::string order;
  std::unique_ptr<Player> player;
  std::unique_ptr<Daemon> daemon;
};

Run start(const ScratchDir& folder, const std::string& order, const std::filesystem::path& model,
          const std::filesystem::path& capture) {
  const std::string address = free_address();
  Run run{order, std::make_unique<Player>(folder, capture, address, kSpeed), nullptr};
  run.daemon = std::make_unique<Daemon>(folder, order,
                                        open_ephys_source(address, kSpeed, "order = \"" + order + "\"") +
                                            "[heading]\nmodel = \"" + model.string() + "\"\nimage_y = \"up\"\n");
  return run;
}

void check_counters(const Json& health, const Json& source) {
  CHECK(counter(source, "messages_received") == kMessages);
  CHECK(counter(source, "messages_parsed") == kMessages);
  CHECK(counter(source, "messages_malformed") == 0);
  CHECK(counter(source, "messages_lost") == 0);
  CHECK(counter(source, "spikes_received") == kSpikes);
  CHECK(counter(source, "spikes_enqueued") == kSpikes);
  CHECK(counter(source, "spikes_unmapped") == 0);
  CHECK(counter(source, "ttl_received") == kTtl);
  CHECK(counter(source, "queue_refused") == 0);
  CHECK(counter(source, "epochs") == 0);
  CHECK(counter(source, "gaps") == 0);
  CHECK(counter(health, "spikes") == kSpikes);
  CHECK(counter(health, "ttl") == kTtl);
}

/// Which unit fired at which sample, as a multiset: the log may hold them in another order than the capture's truth.
std::vector<std::pair<long, long>> spikes_of(const Table& table, const std::string& sample) {
  std::vector<std::pair<long, long>> all;
  const auto samples = table.numbers(sample);
  const auto units = table.numbers("unit");
  for (std::size_t i = 0; i < samples.size(); ++i) all.emplace_back(std::lround(samples[i]), std::lround(units[i]));
  std::sort(all.begin(), all.end());
  return all;
}

/// Spikes of the log that the truth has within the 8 samples by which the GUI's own detector may be off.
std::size_t matched_spikes(const Table& log, const std::filesystem::path& truth_file) {
  constexpr long kTolerance = 8;
  const auto found = spikes_of(log, "sample");
  std::vector<std::vector<long>> truth(kUnits);
  for (const auto& [sample, unit] : spikes_of(Table(truth_file), "sample"))
    truth.at(static_cast<std::size_t>(unit)).push_back(sample);
  return static_cast<std::size_t>(std::count_if(found.begin(), found.end(), [&](const auto& spike) {
    const auto& of_unit = truth.at(static_cast<std::size_t>(spike.second));
    const auto near = std::lower_bound(of_unit.begin(), of_unit.end(), spike.first - kTolerance);
    return near != of_unit.end() && *near <= spike.first + kTolerance;
  }));
}

void print_policy(const std::string& order, double error_deg, double memoryless_deg, const Json& health) {
  std::string line = "mouse28, order " + order + ": median error " + std::to_string(error_deg) + " deg, memoryless " +
                     std::to_string(memoryless_deg) + " deg, late spikes " +
                     std::to_string(counter(health, "late_spikes"));
  for (const char* key : {"order_late", "order_wait_mean_ms", "order_wait_max_ms"}) {
    const Json& source = health.at("sources").at(0);
    if (source.contains(key)) line += std::string(", ") + key + " " + source.at(key).dump();
  }
  std::printf("%s\n", line.c_str());
}

void check_run(Run& run, const std::filesystem::path& model, const std::filesystem::path& folder) {
  INFO("order " << run.order);
  CHECK(run.player->finish(120s) == kMessages);
  const Json health = run.daemon->await(
      [](const Json& h) { return counter(h, "spikes") == kSpikes && counter(h, "ttl") == kTtl; }, 20s);
  CHECK(run.daemon->shut_down() == 0);
  check_counters(health, health.at("sources").at(0));
  const auto csv = export_csv(run.daemon->session());
  const Table spikes(csv / "spikes.csv");
  CHECK(spikes.rows() == kSpikes);
  CHECK(matched_spikes(spikes, folder / "truth_spikes.csv") == kSpikes);

  const Track decoded = track(csv / "heading.csv", "angle_rad");
  const Track truth = track(folder / "heading.csv", "hd_rad");
  const double error_deg = median_error_deg(decoded, truth, 0.0);
  const Json score = vturn_json({"evaluate", "heading", "--model", model.string(), "--spikes",
                                 (csv / "spikes.csv").string(), "--decoded", (csv / "heading.csv").string(),
                                 "--heading", (folder / "heading.csv").string(), "--json"});
  const double memoryless_deg = score.at("memoryless_200ms_median_abs_error_deg");
  print_policy(run.order, error_deg, memoryless_deg, health);
  CHECK(error_deg <= 11.5);
  CHECK(error_deg <= 1.05 * memoryless_deg);
  CHECK(score.at("median_abs_error_deg").get<double>() == Approx(error_deg).margin(0.2));
  CHECK(median_error_deg(decoded, truth, 150.0) > 40.0);

  const Json replayed = replay(run.daemon->session());
  CHECK(replayed.at("matches") == true);
  CHECK(replayed.at("complete") == true);
}

}  // namespace

TEST_CASE("recorded head-direction cells are decoded from the GUI's own messages under each ordering policy") {
  const auto capture = shared_data("open-ephys/mouse28/zmq-spikes-318s.bin.zst");
  const auto model = mouse28_model();
  if (!capture || !model) return;
  const ScratchDir folder;
  std::vector<Run> runs;  // side by side: the capture takes half a minute at this speed
  for (const char* order : {"burst", "hold", "arrival"}) runs.push_back(start(folder, order, *model, *capture));
  for (Run& run : runs) check_run(run, *model, capture->parent_path());
}
