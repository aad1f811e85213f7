// The sleep states that a session published, read back to be scored.
#include "tools/commands/session_sleep.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/unit/record/session_samples.hpp"
#include "tools/commands/registry.hpp"

using namespace vturn;
using namespace vturn::record;
using namespace vturn::test;

namespace {

OutputEvent said(SessionNs at_ns, SleepState state, float p_rem) {
  OutputEvent event;
  event.kind = OutputKind::kSleep;
  event.session_time_ns = at_ns;
  event.payload.sleep = SleepOutput{};
  event.payload.sleep.state = state;
  event.payload.sleep.p_nrem = 1.0F - p_rem;
  event.payload.sleep.p_rem = p_rem;
  return event;
}

std::string log_of(const TemporaryFolder& folder, const std::vector<OutputEvent>& events) {
  SessionWriter writer(session_options(false));
  for (const OutputEvent& event : events) writer.output(event, stamps_at(100));
  writer.finish();
  const std::string file = folder.file("night.mcap");
  std::ofstream(file, std::ios::binary) << std::string(writer.pending());
  return file;
}

}  // namespace

TEST_CASE("a session's sleep states are read at their session times, told twice or not") {
  const TemporaryFolder folder;
  const auto decisions = tools::read_session_sleep(
      log_of(folder, {said(2'000'000'000, SleepState::kNrem, 0.25F), heading_output(2'050'000'000, 1.0F),
                      said(2'100'000'000, SleepState::kRem, 0.75F), said(2'100'000'000, SleepState::kRem, 0.75F),
                      said(2'200'000'000, SleepState::kUnknown, 0.5F)}));
  REQUIRE(decisions.size() == 3);
  CHECK(decisions[0].t_s == 2.0);
  CHECK(decisions[0].state == SleepState::kNrem);
  CHECK(decisions[1].t_s == Approx(2.1));
  CHECK(decisions[1].state == SleepState::kRem);
  CHECK(decisions[1].p == std::array<double, kSleepStates>{0.0, 0.25, 0.75});
  CHECK(decisions[2].state == SleepState::kUnknown);
}

TEST_CASE("a session without sleep says so") {
  const TemporaryFolder folder;
  const std::string file = log_of(folder, {heading_output(2'050'000'000, 1.0F)});
  CHECK_THROWS_AS(tools::read_session_sleep(file), tools::UsageError);
  CHECK_THROWS_AS(tools::read_session_sleep(folder.file("none.mcap")), tools::UsageError);
}
