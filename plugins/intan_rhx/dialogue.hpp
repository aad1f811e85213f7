#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "plugins/intan_rhx/command_text.hpp"
#include "plugins/intan_rhx/plan.hpp"

namespace vturn::plugins {

/// What RHX says about itself.
struct RhxIdentity {
  ingest::RhxController controller = ingest::RhxController::kRecordUsb3;
  double sample_rate_hz = 0;
  std::string version;
  int waveform_port = 5001, spike_port = 5002;
};

/// What to say on the command port, and what the answers mean. Pure: no socket, no clock. Asks who RHX is, gives it the
/// plan, has it open the data ports that are missing, and then asks once a second how far it is.
class RhxDialogue {
 public:
  RhxDialogue(const RhxSettings& settings, const RhxPulses& pulses) : settings_(settings), pulses_(pulses) {}

  /// A new connection to the command port. `standing_plan`: hash of what an earlier process had set up, 0 = nothing.
  void begin(std::uint64_t standing_plan);
  /// What was sent last will not be answered any more: asks anew who RHX is, and changes nothing that stands.
  void unanswered();
  /// RHX sends something else than it was told: tells it the whole plan again.
  void plan_anew();

  struct Ports {
    bool waveform = false, spikes = false;  ///< open on our side
  };
  /// What begins a run gets no answer (`answered` false).
  struct Message {
    std::string text;
    bool answered = true;
  };
  /// The next message, nullptr = nothing to say now; the same one until it was `sent`.
  const Message* next(const Ports& ports, MonoNs now_ns);
  void sent() noexcept { pending_.reset(); }
  void take(const RhxAnswer& answer, MonoNs now_ns);

  [[nodiscard]] const std::optional<RhxIdentity>& identity() const noexcept { return identity_; }
  /// Known as soon as the identity is; throws nothing: what a controller lacks is in refusal().
  [[nodiscard]] const RhxPlan& plan() const noexcept { return plan_; }
  /// RHX was told it by this talk: until then it may have sent other columns.
  [[nodiscard]] bool plan_told() const noexcept { return plan_.hash != standing_plan_; }
  /// Why this RHX cannot be used; "" = it can.
  [[nodiscard]] const std::string& refusal() const noexcept { return refusal_; }
  /// RHX listens for that client.
  [[nodiscard]] bool waveform_offered() const noexcept { return waveform_.offered; }
  [[nodiscard]] bool spikes_offered() const noexcept { return spikes_.offered; }
  /// The plan stands and stimuli are uploaded.
  [[nodiscard]] bool set_up() const noexcept { return stage_ == Stage::kLive || stage_ == Stage::kPorts; }
  [[nodiscard]] const std::string& run_mode() const noexcept { return run_mode_; }
  [[nodiscard]] bool running() const noexcept { return !run_mode_.empty() && run_mode_ != "Stop"; }
  /// RHX's newest sample, once after each answer that told it.
  std::optional<std::uint32_t> take_timestamp();
  /// Connections that RHX has given up although our side is open: from 3.3 on a click on Disconnect forgets the socket
  /// without closing it, and nothing would ever come of it again.
  Ports take_forgotten();
  /// Lines for the user, oldest first.
  std::optional<std::string> take_note();

 private:
  enum class Stage : std::uint8_t { kIdentity, kPlan, kUpload, kPorts, kLive, kRefused };

  struct Port {
    bool offered = false, busy_told = false;
  };

  void identify(const RhxAnswer& answer, MonoNs now_ns);
  void renew(std::uint64_t standing_plan);
  void check_standing(const RhxAnswer& answer);
  void lay_plan(double blocks_per_write);
  void check_ports(const RhxAnswer& answer);
  void offer(const RhxAnswer& answer, const char* which, Port& port, bool open);
  std::optional<Message> choose(MonoNs now_ns);
  Message live_message(MonoNs now_ns);
  void look(const RhxAnswer& answer);
  void upload(bool finished, MonoNs now_ns);
  void note(std::string line);
  void complain(const std::string& complaint, MonoNs now_ns);
  void watch_run(const std::string& mode);
  [[nodiscard]] bool tells_time() const;

  const RhxSettings& settings_;
  const RhxPulses& pulses_;
  Stage stage_ = Stage::kIdentity;
  std::optional<RhxIdentity> identity_;
  RhxPlan plan_;
  std::string refusal_, run_mode_;
  std::optional<Message> pending_;
  std::deque<std::string> messages_;  ///< of this stage, still to be said
  std::deque<std::string> uploads_;
  std::uint64_t standing_plan_ = 0;
  int identity_tries_ = 0;
  double blocks_per_write_ = 1;
  bool slow_writes_told_ = false;
  Port waveform_, spikes_;
  Ports ports_, forgotten_;
  bool run_asked_ = false;
  std::optional<std::uint32_t> timestamp_;
  std::deque<std::string> notes_;
  std::string complaint_;  ///< the last one told
  MonoNs complaint_again_ns_ = 0;
  MonoNs not_before_ns_ = 0;
};

}  // namespace vturn::plugins
