#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/simulation/rhx_board.hpp"

namespace vturn::simulation {

enum class RhxRunMode : std::uint8_t { kStop, kRun, kRecord, kTrigger };
enum class RhxConnection : std::uint8_t { kDisconnected, kPending, kConnected };

/// A data output (waveform or spikes) as the commands see it; the sockets follow it.
struct RhxOutput {
  std::string host = "127.0.0.1";
  int port = 0;
  RhxConnection status = RhxConnection::kDisconnected;
  bool connect_asked = false, disconnect_asked = false;
};

/// ManualStimTrigger of a key: `on` without an end is a level held until the next one.
struct RhxKeyPress {
  int key;  ///< 1-8
  bool on;
  bool pulse;
  double at_s;  ///< when the command was read
};

/// What the commands read and change.
struct RhxState {
  RhxState(RhxIdentity who, const std::vector<RhxPort>& ports)
      : identity(std::move(who)), board(identity, ports), globals(rhx_global_items(identity)) {}

  [[nodiscard]] bool running() const noexcept { return run_mode != RhxRunMode::kStop; }
  [[nodiscard]] int blocks_per_write() const;
  void begin_run(RhxRunMode mode) noexcept {
    run_mode = mode;
    ++runs;
  }

  RhxIdentity identity;
  RhxBoard board;
  std::vector<RhxItem> globals;
  std::string path, base_filename;  ///< Filename.Path, Filename.BaseFilename
  RhxRunMode run_mode = RhxRunMode::kStop;
  std::uint64_t runs = 0;           ///< begun so far
  std::int64_t last_timestamp = 0;  ///< newest sample that RHX has processed
  RhxOutput waveform, spike;
  std::vector<RhxKeyPress> key_presses;  ///< taken by the one who runs the controller
  std::vector<std::string> notes;        ///< live notes of the current recording
  std::vector<std::string> uploaded;     ///< native names whose stimulus parameters were uploaded as they are now
  double upload_until_s = 0.0;           ///< UploadInProgress
  bool crashed = false;                  ///< by a lone `set`
};

/// RHX's command port without its socket: the bytes of one read go in, the text that RHX sends back comes out. As in
/// RHX every read is parsed alone, replies have no terminator, and what stands behind a `set runmode run` in the same
/// read waits until the run has stopped.
class RhxCommands {
 public:
  explicit RhxCommands(RhxState& state) : state_(state) {}

  /// `now_s`: any steady clock.
  std::string take(std::string_view read, double now_s);
  /// What a read that began a run still held; call when a run has stopped.
  std::string run_stopped(double now_s);

 private:
  void run(std::vector<std::string> commands, std::size_t first);
  void one(const std::string& command, std::size_t number);
  void set(const std::string& parameter, const std::string& value);
  void set_item(RhxItem& item, const std::string& lowered);
  void set_run_mode(const std::string& lowered);
  void start(RhxRunMode mode, const char* what);
  bool set_filename(const std::string& lowered, const std::string& value);
  bool set_output(const std::string& lowered, const std::string& value);
  void get(const std::string& parameter);
  bool get_special(const std::string& lowered);
  bool get_output(const std::string& lowered);
  void execute(const std::string& action);
  void execute(const std::string& action, const std::string& parameter);
  void press_key(const std::string& lowered_key, bool on, bool pulse);
  void upload(std::string_view native_name);
  void live_note(const std::string& text);
  RhxChannel* channel_of(const std::string& parameter, std::string& rest);
  void reply(std::string_view text) { replies_ += text; }
  void returns(const std::string& name, const std::string& value) { reply("Return: " + name + " " + value); }

  RhxState& state_;
  std::string replies_;
  std::vector<std::string> held_;
  std::size_t held_first_ = 0;
  double now_s_ = 0.0;
};

}  // namespace vturn::simulation
