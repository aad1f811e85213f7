#include "daemon/ingest/signal_set.hpp"

#include <algorithm>

namespace vturn::ingest {

SignalSet::SignalSet(const std::vector<SignalSettings>& settings) {
  for (const SignalSettings& signal : settings) signals_.push_back({signal, Decimator{}});
}

std::size_t SignalSet::find(std::string_view channel_name, std::int64_t channel_num) const noexcept {
  const auto is_it = [&](const Signal& signal) {
    const bool by_name = !channel_name.empty() && !signal.settings.channel_name.empty();
    return by_name ? channel_name == signal.settings.channel_name : channel_num == signal.settings.channel_num;
  };
  const auto found = std::find_if(signals_.begin(), signals_.end(), is_it);
  return found == signals_.end() ? kNone : static_cast<std::size_t>(found - signals_.begin());
}

void SignalSet::break_off_all() noexcept {
  for (Signal& signal : signals_) signal.decimator.reset();
}

}  // namespace vturn::ingest
