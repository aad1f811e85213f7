#include "tools/commands/session_sleep.hpp"

#include <vturn/v1/events.pb.h>

#include <cstdio>

#include "daemon/record/mcap_reader.hpp"
#include "tools/commands/registry.hpp"
#include "tools/lib/interrupt.hpp"

namespace vturn::tools {
namespace {

SleepState state_of(v1::SleepState state) noexcept {
  switch (state) {
    case v1::SLEEP_STATE_WAKE:
      return SleepState::kWake;
    case v1::SLEEP_STATE_NREM:
      return SleepState::kNrem;
    case v1::SLEEP_STATE_REM:
      return SleepState::kRem;
    default:
      return SleepState::kUnknown;
  }
}

}  // namespace

std::vector<SleepDecision> read_session_sleep(const std::string& file) {
  auto log = record::McapReader::open(file);
  if (!log) throw UsageError(log.error());
  std::vector<SleepDecision> decisions;
  std::size_t unusable = 0;
  for (auto item = log->next(); item != record::McapItem::kEnd; item = log->next()) {
    throw_if_interrupted();
    if (item != record::McapItem::kMessage || log->message().channel->topic != "sleep") continue;
    v1::Sleep message;
    const auto data = log->message().data;
    if (!message.ParseFromArray(data.data(), static_cast<int>(data.size()))) {
      ++unusable;
      continue;
    }
    const double t_s = seconds(message.header().session_time_ns());
    // Told again on a change of state, at the same time.
    if (!decisions.empty() && t_s <= decisions.back().t_s) continue;
    decisions.push_back({t_s,
                         state_of(message.state()),
                         {static_cast<double>(message.p_wake()), static_cast<double>(message.p_nrem()),
                          static_cast<double>(message.p_rem())}});
  }
  if (log->damages() + unusable > 0) {
    std::fprintf(stderr, "warning: %s: %llu places are damaged, %zu sleep messages cannot be read\n", file.c_str(),
                 static_cast<unsigned long long>(log->damages()), unusable);
  }
  if (decisions.empty()) throw UsageError(file + ": no sleep state was published in this session");
  return decisions;
}

}  // namespace vturn::tools
