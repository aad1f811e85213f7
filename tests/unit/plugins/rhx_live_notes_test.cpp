// Notes from the decision thread into RHX's recording: whatever an operator writes is one harmless command.
#include <catch2/catch.hpp>

#include "plugins/intan_rhx/command_text.hpp"
#include "plugins/intan_rhx/live_notes.hpp"
#include "tools/simulation/rhx_commands.hpp"

using namespace vturn;
using plugins::LiveNotes;

namespace {

/// RHX in a recording.
struct Recording {
  Recording() {
    state.path = "/data", state.base_filename = "m01";
    state.begin_run(simulation::RhxRunMode::kRecord);
  }
  /// The notes that stand in its file after everything that waits was said to it.
  std::vector<std::string> take(LiveNotes& notes) {
    for (std::string message = notes.take(true); !message.empty(); message = notes.take(true)) {
      CHECK(message.size() <= plugins::kRhxLongestMessage);
      CHECK(rhx.take(message, 0.0) == "Return: RunMode Record");
    }
    CHECK_FALSE(state.crashed);
    return state.notes;
  }
  simulation::RhxState state{simulation::RhxIdentity{}, {{'A', 32}}};
  simulation::RhxCommands rhx{state};
};

}  // namespace

TEST_CASE("RHX notes: any text becomes one note of one line") {
  LiveNotes notes;
  notes.put("vturn REM");
  notes.put("set; execute x;\r\nset\t");
  notes.put(
      "10 \xC2\xB5V, 3\xE2\x80\x93"
      "5 ms\x7F\xFF");
  const auto taken = Recording().take(notes);
  REQUIRE(taken.size() == 3);
  CHECK(taken[0] == "0, 00:00:00, vturn REM");
  CHECK(taken[1] == "0, 00:00:00, set, execute x,??set?");
  CHECK(taken[2] == "0, 00:00:00, 10 ??V, 3???5 ms??");
}

TEST_CASE("RHX notes: no text is no note") {
  LiveNotes notes;
  notes.put("");
  notes.put("   ");
  CHECK(notes.take(true).empty());
}

TEST_CASE("RHX notes: long and many ones come in messages that RHX reads whole") {
  LiveNotes notes;
  for (int i = 0; i < 64; ++i) notes.put(std::string(400, static_cast<char>('a' + i % 26)).c_str());
  notes.put("one too many");
  const auto taken = Recording().take(notes);
  REQUIRE(taken.size() == 64);
  for (std::size_t i = 0; i < taken.size(); ++i)
    CHECK(taken[i] == "0, 00:00:00, " + std::string(VTURN_MAX_MARK_TEXT - 1, static_cast<char>('a' + i % 26)));
}

TEST_CASE("RHX notes: what came while RHX did not record is not written later") {
  LiveNotes notes;
  notes.put("early");
  CHECK(notes.take(false).empty());
  CHECK(notes.take(true).empty());
}
