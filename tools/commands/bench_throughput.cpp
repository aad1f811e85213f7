#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tools/commands/registry.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/lib/process.hpp"
#include "tools/lib/process_usage.hpp"
#include "tools/simulation/stream_floor.hpp"

// `vturn bench throughput`: the daemon under a simulated RHX that streams many wide bands and spikes. What its reader
// costs is told as a multiple of what receiving the same bytes costs with nothing done to them.

namespace vturn::tools {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Options {
  int channels = 128;
  double spikes_per_s = 5000.0;
  double seconds = 60.0;
  bool json = false;
};

std::string channel_list(int channels) {
  std::string list;
  for (int first = 0, port = 0; first < channels; first += 128, ++port) {
    const int last = std::min(channels - first, 128) - 1;
    char text[64];
    std::snprintf(text, sizeof text, "%s\"%c-000..%c-%03d\"", first == 0 ? "" : ", ", 'A' + port, 'A' + port, last);
    list += text;
  }
  return "[" + list + "]";
}

std::string rig_text(const Options& o, int commands, int publish, int control) {
  const std::string channels = channel_list(o.channels);
  return "[rig]\nname = \"bench\"\n[[source]]\nname = \"ephys\"\ntype = \"intan_rhx\"\nclock = \"master\"\n"
         "address = \"127.0.0.1:" +
         std::to_string(commands) + "\"\nkeep_sockets = false\nspike_channels = " + channels +
         "\nwaveform_channels = " + channels + "\n[publish]\naddress = \"tcp://127.0.0.1:" + std::to_string(publish) +
         "\"\n[control]\naddress = \"tcp://127.0.0.1:" + std::to_string(control) +
         "\"\n[record]\nfile = \"bench.mcap\"\n";
}

double cpu_s_of(const std::vector<ThreadUsage>& threads, const std::string& name) {
  double sum_s = 0.0;
  for (const ThreadUsage& thread : threads) {
    if (name.empty() || thread.name == name) sum_s += thread.cpu_s;
  }
  return sum_s;
}

/// The daemon between two moments of the run.
struct Sample {
  Clock::time_point at;
  std::vector<ThreadUsage> threads;
  double resident_mib = 0.0;
};

Sample sample(const Process& process) {
  return {Clock::now(), thread_usage(process.pid()), resident_mib(process.pid())};
}

double share(const Sample& from, const Sample& to, const std::string& thread) {
  const double wall_s = std::chrono::duration<double>(to.at - from.at).count();
  return (cpu_s_of(to.threads, thread) - cpu_s_of(from.threads, thread)) / wall_s;
}

std::string own_folder() { return std::filesystem::read_symlink("/proc/self/exe").parent_path().string(); }

Json object_in(const std::string& output) {
  const auto begin = output.find('{'), end = output.rfind('}');
  if (begin == std::string::npos || end == std::string::npos) throw std::runtime_error(output);
  return Json::parse(output.substr(begin, end - begin + 1));
}

std::uint64_t counter(const Json& object, const char* key) {
  const Json& value = object.at(key);
  return value.is_string() ? std::stoull(value.get<std::string>()) : value.get<std::uint64_t>();
}

class Trial {
 public:
  explicit Trial(const Options& options) : options_(options), ports_(free_ports(3)) {
    rhx_.emplace(rhx_command(), folder_ / "rhx.log");
    if (!rhx_->wait_for_output("waiting for", 20s)) throw std::runtime_error(rhx_->output());
    const auto rig = folder_ / "bench.toml";
    std::ofstream(rig) << rig_text(options_, ports_[0], ports_[1], ports_[2]);
    daemon_.emplace(std::vector<std::string>{own_folder() + "/vturnd", "--config", rig.string()}, folder_ / "d.log");
    if (!daemon_->wait_for_output("connected to RHX's waveform", 20s)) throw std::runtime_error(daemon_->output());
  }

  Json measure() {
    std::this_thread::sleep_for(2s);  // until its memory is all there
    const Sample first = sample(*daemon_);
    double most_mib = first.resident_mib;
    const auto end = first.at + std::chrono::duration<double>(options_.seconds);
    while (Clock::now() < end && !interrupted() && !daemon_->wait(0ms)) {
      std::this_thread::sleep_for(200ms);
      most_mib = std::max(most_mib, resident_mib(daemon_->pid()));
    }
    const Sample last = sample(*daemon_);
    const Json source = health().at("sources").at(0);
    Json result;
    result["channels"] = options_.channels;
    result["seconds"] = std::chrono::duration<double>(last.at - first.at).count();
    result["blocks_and_spikes"] = counter(source, "messages_received");
    result["spikes"] = counter(source, "spikes_received");
    result["samples_lost"] = counter(source, "messages_lost");
    result["events_refused"] = counter(source, "queue_refused");
    result["reader_core_share"] = share(first, last, "intan-rhx");
    result["daemon_core_share"] = share(first, last, "");
    result["resident_mib_first"] = first.resident_mib;
    result["resident_mib_last"] = last.resident_mib;
    result["resident_mib_most"] = most_mib;
    finish(result);
    return result;
  }

 private:
  std::vector<std::string> rhx_command() const {
    std::vector<std::string> command{own_folder() + "/vturn", "simulate", "--as", "intan-rhx", "--running"};
    const auto add = [&command](const char* option, const std::string& value) {
      command.emplace_back(option);
      command.push_back(value);
    };
    add("--address", "127.0.0.1:" + std::to_string(ports_[0]));
    add("--waveform-port", "0");
    add("--spike-port", "0");
    add("--amplifiers", std::to_string(options_.channels));
    add("--background-hz", std::to_string(options_.spikes_per_s));
    add("--duration", std::to_string(options_.seconds + 30.0));
    command.emplace_back("--json");
    return command;
  }

  [[nodiscard]] Json health() const {
    const auto status = run({own_folder() + "/vturn", "control", "status", "--json", "--address",
                             "tcp://127.0.0.1:" + std::to_string(ports_[2])},
                            20s);
    return object_in(status.output).at("health");
  }

  void finish(Json& result) {
    daemon_->signal(SIGINT);
    daemon_->wait(20s);
    rhx_->signal(SIGINT);
    rhx_->wait(20s);
    const Json peer = object_in(rhx_->output());
    result["rhx_overruns"] = peer.at("overruns");
    result["rhx_waveform_bytes"] = peer.at("waveform_bytes");
  }

  Options options_;
  ScratchDir folder_;
  std::vector<int> ports_;
  std::optional<Process> rhx_, daemon_;
};

int bench(const Options& options) {
  Json result = Trial(options).measure();
  const double bytes_per_s = 30000.0 * (4.0 + 2.0 * (options.channels + 1));
  const double floor = simulation::receive_floor(bytes_per_s, 10.0);
  result["floor_core_share"] = floor;
  result["reader_to_floor"] = json_number(result["reader_core_share"].get<double>() / floor);
  if (options.json) {
    print_json(result);
  } else {
    for (const auto& [key, value] : result.items()) std::printf("%-20s %s\n", key.c_str(), value.dump().c_str());
  }
  return 0;
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--channels", options->channels, "wide bands at 30 kHz")
      ->check(CLI::Range(1, 512))
      ->capture_default_str();
  app.add_option("--spikes-per-s", options->spikes_per_s, "beside the mouse's own")
      ->check(CLI::Range(0.0, 100000.0))
      ->capture_default_str();
  app.add_option("--seconds", options->seconds, "of measuring")->check(CLI::Range(1.0, 86400.0))->capture_default_str();
  app.add_flag("--json", options->json, "print the figures as JSON");
  return [options] { return bench(*options); };
}

const Registration kRegistration{
    {"bench", "throughput", "the daemon under a simulated RHX with many channels: loss, cores, memory", configure}};

}  // namespace
}  // namespace vturn::tools
