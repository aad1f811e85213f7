// The page of a demo's figures: pulses that an output refused are no stimuli.
#include <catch2/catch.hpp>

#include "tests/unit/commands/registered.hpp"

using namespace vturn;

TEST_CASE("the report counts a stimulus that was refused, or failed, as that") {
  const test::ScratchDir folder;
  for (const char* name : {"mouse.json", "heading.json", "sleep.json", "turns.json", "replay.json", "status.json"})
    test::write_file(folder / name, "{}");
  std::filesystem::create_directory(folder / "csv");
  test::write_file(folder / "csv/vetoes.csv", "t_s,rule,reason\n1,a,refractory\n");
  test::write_file(folder / "csv/triggers.csv",
                   "t_s,trigger_id,rule,output,arm,result\n1,1,a,l,stim,fired\n2,2,a,l,stim,refused\n"
                   "3,3,a,l,sham,\n4,4,a,l,stim,stopped\n5,5,a,l,stim,failed\n");
  const std::string page = test::printed("report", folder.path().string());
  CHECK_THAT(page, Catch::Contains("sham 1, stim 2, stim failed 1, stim refused 1\n"));
  CHECK_THAT(page, Catch::Contains("refractory 1"));
}
