#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/helpers/process.hpp"

namespace vturn::test {

using Json = nlohmann::json;

/// `vturn ARGUMENTS...`, run to its end.
Finished run_vturn(const std::vector<std::string>& arguments, std::chrono::seconds limit = std::chrono::seconds(900));
/// The JSON object in what `vturn ARGUMENTS...` prints; throws with the output when it fails or prints none.
Json vturn_json(const std::vector<std::string>& arguments);
/// The object in an output that may hold progress lines too.
Json json_in(const std::string& output);
/// A counter: protobuf's JSON has 64-bit numbers in quotes.
std::uint64_t counter(const Json& object, const std::string& key);

/// A loopback address with a free port.
std::string free_address();

/// [[source]] of the Open Ephys GUI, the clock master unless `more` is for a source given "clock = ..." itself.
std::string open_ephys_source(const std::string& address, double speed = 1.0, const std::string& more = "");

/// A running vturnd: its rig file, its session log and its addresses of its own, in a folder shared with the test.
class Daemon {
 public:
  /// `rig` is the rig file without [rig], [publish], [control] and [record]; `record` holds the lines of [record]
  /// ("" = file NAME.mcap in the folder). Returns once it publishes; throws with its output when it does not come up.
  Daemon(const ScratchDir& folder, const std::string& name, const std::string& rig, const std::string& record = "");

  [[nodiscard]] Process& process() { return *process_; }
  [[nodiscard]] const std::filesystem::path& session() const { return session_; }
  [[nodiscard]] const std::filesystem::path& rig_file() const { return rig_file_; }
  [[nodiscard]] const std::string& publish_address() const { return publish_; }
  [[nodiscard]] std::string output() const { return process_->output(); }

  /// health of `vturn control status`.
  [[nodiscard]] Json status() const;
  /// The first health that `holds`, or the last one seen after `limit`.
  Json await(const std::function<bool(const Json&)>& holds, std::chrono::seconds limit) const;
  /// `vturn control COMMAND...`; exit code 0 = done.
  Finished control(std::vector<std::string> command) const;
  /// `vturn control arm`, asked again for half a minute while it is refused for want of the master: a busy machine may
  /// hold up the program that plays the acquisition for more than the second after which its clock counts as lost.
  Finished arm(const std::string& duration) const;
  /// Ends it in order; exit code, or -1 when it had to be killed after `limit`.
  int shut_down(std::chrono::seconds limit = std::chrono::seconds(20));

 private:
  std::string publish_, control_;
  std::filesystem::path session_, rig_file_;
  std::unique_ptr<Process> process_;
};

/// `vturn play CAPTURE` on an address: it starts by itself when the daemon subscribes.
class Player {
 public:
  Player(const ScratchDir& folder, const std::filesystem::path& capture, const std::string& address,
         double speed = 1.0);
  [[nodiscard]] Process& process() { return process_; }
  /// Messages sent, after its end; throws when it failed or is not over within `limit`.
  std::uint64_t finish(std::chrono::seconds limit);

 private:
  Process process_;
};

/// `vturn export --to csv` into a folder of that name beside the session.
std::filesystem::path export_csv(const std::filesystem::path& session);
/// `vturn replay --json`, whatever its verdict; `config`: another rig file than the session's own.
Json replay(const std::filesystem::path& session, const std::filesystem::path& config = {});

}  // namespace vturn::test
