#include "daemon/pipeline/marks.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace vturn {
namespace {

constexpr std::string_view name_of(SleepState state) noexcept {
  switch (state) {
    case SleepState::kWake:
      return "WAKE";
    case SleepState::kNrem:
      return "NREM";
    case SleepState::kRem:
      return "REM";
    default:
      return "UNKNOWN";
  }
}

}  // namespace

void Marks::add(const vturn_source_functions& functions, void* instance) {
  if (functions.mark != nullptr) takers_.push_back({&functions, instance});
}

void Marks::output(const OutputEvent& output, std::string_view note) noexcept {
  if (takers_.empty()) return;
  if (output.kind == OutputKind::kSleep) {
    const SleepState state = output.payload.sleep.state;
    if (std::exchange(state_, state) == state) return;
    begin(name_of(state));
    send();
  } else if (output.kind == OutputKind::kTrigger) {
    const TriggerOutput& trigger = output.payload.trigger;
    begin("trigger ");
    append(trigger.trigger_id);
    append(" ");
    append(trigger.rule < rules_.size() ? std::string_view(rules_[trigger.rule]) : "");
    send();
  } else if (output.kind == OutputKind::kSession) {
    session(output.payload.session, note);
  }
}

void Marks::session(const SessionOutput& change, std::string_view note) noexcept {
  switch (change.change) {
    case SessionChange::kArmed:
      begin("armed");
      break;
    case SessionChange::kDisarmed:
      begin("disarmed");
      break;
    case SessionChange::kEpoch:
      begin("epoch ");
      append(change.count);
      break;
    case SessionChange::kModelLoaded:
      begin("heading model changed");
      break;
    case SessionChange::kNote:
      begin("note ");
      append(note);
      break;
    default:
      return;
  }
  send();
}

void Marks::begin(std::string_view text) noexcept {
  size_ = 0;
  append("vturn ");
  append(text);
}

void Marks::append(std::string_view text) noexcept {
  const std::size_t fits = std::min(text.size(), text_.size() - 1 - size_);
  std::copy_n(text.begin(), fits, text_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += fits;
}

void Marks::append(std::uint64_t number) noexcept {
  std::array<char, 20> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  append(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

void Marks::send() noexcept {
  text_[size_] = '\0';
  for (const Taker& taker : takers_) taker.functions->mark(taker.instance, text_.data());
}

}  // namespace vturn
