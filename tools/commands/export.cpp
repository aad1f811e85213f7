#include <cstdio>
#include <memory>

#include "daemon/record/repair.hpp"
#include "tools/commands/export_csv.hpp"
#include "tools/commands/registry.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/lib/progress.hpp"

namespace vturn::tools {
namespace {

struct Options {
  std::string session;
  std::string form;
  std::string directory;
  std::string repaired;
  bool unblind = false;
  bool json = false;
};

record::McapReader open_log(const std::string& path) {
  auto reader = record::McapReader::open(path);
  if (!reader) throw UsageError(reader.error());
  return *std::move(reader);
}

// Both jobs look for Ctrl-C where they report progress: files appear only when they are whole.
auto watched(Progress& progress) {
  return [&progress](std::uint64_t bytes) {
    throw_if_interrupted();
    progress.update(bytes);
  };
}

int to_csv(const Options& options) {
  auto log = open_log(options.session);
  Progress progress("export", log.size());
  const ExportReport report =
      export_csv(log, {.directory = options.directory, .unblind = options.unblind}, watched(progress));
  progress.finish();
  for (const auto& line : report.warnings) std::fprintf(stderr, "vturn export: %s\n", line.c_str());
  if (options.json) {
    Json result{{"session", options.session}, {"whole", report.whole}, {"gaps", report.gaps}};
    result["unmapped_spikes"] = report.unmapped_spikes;
    result["undecodable"] = report.undecodable;
    for (const auto& [name, rows] : report.rows) result["rows"][name] = rows;
    print_json(result);
    return 0;
  }
  for (const auto& [name, rows] : report.rows)
    std::printf("%s/%s  %llu rows\n", options.directory.c_str(), name.c_str(), static_cast<unsigned long long>(rows));
  if (report.unmapped_spikes > 0)
    std::printf("left out: %llu spikes of electrodes without a unit\n",
                static_cast<unsigned long long>(report.unmapped_spikes));
  return 0;
}

int repair(const Options& options) {
  if (std::filesystem::exists(options.repaired))
    throw UsageError(options.repaired + ": exists already; give another --repair file");
  auto log = open_log(options.session);
  Progress progress("repair", log.size());
  AtomicFile file(options.repaired);
  const auto report = record::repair_log(log, file.stream(), watched(progress));
  file.commit();
  progress.finish();
  for (const auto& line : report.first_damages) std::fprintf(stderr, "vturn export: %s\n", line.c_str());
  if (options.json) {
    print_json(Json{{"messages", report.messages}, {"attachments", report.attachments}, {"damages", report.damages}});
  } else {
    std::printf("%s: %llu messages and %llu attachments kept, %llu places were damaged\n", options.repaired.c_str(),
                static_cast<unsigned long long>(report.messages), static_cast<unsigned long long>(report.attachments),
                static_cast<unsigned long long>(report.damages));
  }
  return 0;
}

int run(const Options& options) {
  const InterruptScope interruptible;
  if (!options.repaired.empty()) return repair(options);
  if (options.form.empty()) throw UsageError("nothing to do: give --to csv --out DIR, or --repair FILE");
  if (options.directory.empty()) throw UsageError("--to csv needs --out DIR");
  return to_csv(options);
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("session", options->session, "session log (.mcap)")->required();
  app.add_option("--to", options->form, "form of the files: csv")->check(CLI::IsMember({"csv"}));
  app.add_option("--out", options->directory, "folder for the files, made when it is not there");
  app.add_flag("--unblind", options->unblind, "tell the arms of a blinded session");
  app.add_option("--repair", options->repaired, "instead: copy all that can be read into a whole log");
  app.add_flag("--json", options->json, "counts as JSON on stdout");
  return [options] { return run(*options); };
}

const Registration registration{{"", "export", "write a session log as CSV files, or repair it", configure}};

}  // namespace
}  // namespace vturn::tools
