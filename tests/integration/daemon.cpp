#include "tests/integration/daemon.hpp"

#include <signal.h>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace vturn::test {
namespace {

using namespace std::chrono_literals;

std::filesystem::path log_file(const ScratchDir& folder, const std::string& stem) {
  static std::atomic<int> files{0};
  return folder / (stem + "-" + std::to_string(++files) + ".log");
}

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) line += " " + word;
  return line;
}

}  // namespace

Finished run_vturn(const std::vector<std::string>& arguments, std::chrono::seconds limit) {
  std::vector<std::string> command{(bin_dir() / "vturn").string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run(command, limit);
}

Json json_in(const std::string& output) {
  const auto begin = output.find('{');
  const auto end = output.rfind('}');
  if (begin == std::string::npos || end == std::string::npos || end < begin)
    throw std::runtime_error("no JSON object in: " + output);
  return Json::parse(output.substr(begin, end - begin + 1));
}

Json vturn_json(const std::vector<std::string>& arguments) {
  const Finished finished = run_vturn(arguments);
  if (finished.code != 0) throw std::runtime_error("vturn" + joined(arguments) + ": " + finished.output);
  return json_in(finished.output);
}

std::uint64_t counter(const Json& object, const std::string& key) {
  const Json& value = object.at(key);
  return value.is_string() ? std::stoull(value.get<std::string>()) : value.get<std::uint64_t>();
}

std::string free_address() { return "tcp://127.0.0.1:" + std::to_string(free_ports(1).front()); }

std::string open_ephys_source(const std::string& address, double speed, const std::string& more) {
  const std::string clock = more.find("clock =") == std::string::npos ? "clock = \"master\"\n" : "";
  const std::string name = more.find("name =") == std::string::npos ? "name = \"ephys\"\n" : "";
  return "[[source]]\ntype = \"open_ephys\"\nhttp = \"\"\nsample_rate_hz = 30000\naddress = \"" + address +
         "\"\nspeed = " + std::to_string(speed) + "\n" + name + clock + more + "\n";
}

Daemon::Daemon(const ScratchDir& folder, const std::string& name, const std::string& rig, const std::string& record)
    : session_(folder / (name + ".mcap")), rig_file_(folder / (name + ".toml")) {
  const auto ports = free_ports(2);
  publish_ = "tcp://127.0.0.1:" + std::to_string(ports[0]);
  control_ = "tcp://127.0.0.1:" + std::to_string(ports[1]);
  write_file(rig_file_, "[rig]\nname = \"" + name + "\"\n" + rig + "\n[publish]\naddress = \"" + publish_ +
                            "\"\n[control]\naddress = \"" + control_ + "\"\n[record]\n" +
                            (record.empty() ? "file = \"" + name + ".mcap\"" : record) + "\n");
  process_ = std::make_unique<Process>(
      std::vector<std::string>{(bin_dir() / "vturnd").string(), "--config", rig_file_.string()},
      log_file(folder, name));
  if (!process_->wait_for_output("publishing on", 20s)) throw std::runtime_error("vturnd: " + process_->output());
}

Json Daemon::status() const { return json_in(control({"status", "--json"}).output).at("health"); }

Json Daemon::await(const std::function<bool(const Json&)>& holds, std::chrono::seconds limit) const {
  const auto end = std::chrono::steady_clock::now() + limit;
  Json health = status();
  while (!holds(health) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(100ms);
    health = status();
  }
  return health;
}

Finished Daemon::control(std::vector<std::string> command) const {
  const bool answered = command[0] == "arm" || command[0] == "disarm" || command[0] == "self-test" ||
                        command[0] == "calibrate-start" || command[0] == "calibrate-stop";
  command.insert(command.begin(), "control");
  command.insert(command.end(), {"--address", control_});
  if (answered) command.insert(command.end(), {"--publish-address", publish_});
  return run_vturn(command, 120s);
}

Finished Daemon::arm(const std::string& duration) const {
  const auto end = std::chrono::steady_clock::now() + 30s;
  Finished armed = control({"arm", "--for", duration});
  while (armed.code != 0 && armed.output.find("master-lost") != std::string::npos &&
         std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(200ms);
    armed = control({"arm", "--for", duration});
  }
  return armed;
}

int Daemon::shut_down(std::chrono::seconds limit) {
  control({"shutdown"});
  const auto code = process_->wait(limit);
  if (!code) process_->signal(SIGKILL);
  return code.value_or(-1);
}

Player::Player(const ScratchDir& folder, const std::filesystem::path& capture, const std::string& address, double speed)
    : process_({(bin_dir() / "vturn").string(), "play", capture.string(), "--as", "open-ephys", "--address", address,
                "--speed", std::to_string(speed), "--wait-subscriber", "--json"},
               log_file(folder, "play")) {}

std::uint64_t Player::finish(std::chrono::seconds limit) {
  const auto code = process_.wait(limit);
  if (code.value_or(-1) != 0) throw std::runtime_error("vturn play: " + process_.output());
  return counter(json_in(process_.output()), "sent");
}

std::filesystem::path export_csv(const std::filesystem::path& session) {
  const std::filesystem::path folder = session.string() + "-csv";
  const Finished finished = run_vturn({"export", session.string(), "--to", "csv", "--out", folder.string()});
  if (finished.code != 0) throw std::runtime_error("vturn export: " + finished.output);
  return folder;
}

Json replay(const std::filesystem::path& session, const std::filesystem::path& config) {
  std::vector<std::string> arguments{"replay", session.string(), "--json"};
  if (!config.empty()) arguments.insert(arguments.end(), {"--config", config.string()});
  return json_in(run_vturn(arguments).output);
}

}  // namespace vturn::test
