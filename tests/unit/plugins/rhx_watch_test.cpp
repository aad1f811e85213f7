// What a user is told about spikes that were left out.
#include "plugins/intan_rhx/watch.hpp"
#include "tests/unit/ingest/rhx_streams.hpp"

using namespace vturn;
using plugins::RhxWatch;

namespace {

std::string said(RhxWatch& watch) {
  std::string text;
  while (const auto line = watch.next()) text += line->text + "\n";
  return text;
}

}  // namespace

TEST_CASE("RHX watch: spikes left out are told with their number, artefacts every ten minutes") {
  test::RhxRun run(test::rhx_settings());
  RhxWatch watch;
  MonoNs now_ns = kNsPerS;
  run.waveform(test::rhx_block(0));
  run.spikes(test::rhx_chunk(5, "A-004"));
  watch.reader(run.reader, now_ns);
  CHECK(said(watch).empty());
  run.spikes(test::rhx_chunk(6, "A-004", 0x80));
  run.spikes(test::rhx_chunk(0x40000000));
  watch.reader(run.reader, now_ns);
  const std::string first = said(watch);
  CHECK(first.find("1 of 3 spikes are artefacts by RHX's word (id 128): left out") != std::string::npos);
  CHECK(first.find("1 spikes of no run that frames have come from") != std::string::npos);
  run.spikes(test::rhx_chunk(7, "A-004", 0x80));
  watch.reader(run.reader, now_ns += 599 * kNsPerS);
  CHECK(said(watch).empty());
  watch.reader(run.reader, now_ns += kNsPerS);
  CHECK(said(watch).find("2 of 4 spikes are artefacts") != std::string::npos);
}
