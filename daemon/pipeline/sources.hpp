#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/pipeline/marks.hpp"
#include "daemon/pipeline/plugin_host.hpp"
#include "daemon/pipeline/plugin_library.hpp"

namespace vturn {

/// The rig's sources, in the rig file's order: each a plugin instance with a reader thread of its own.
class SourceSet {
 public:
  SourceSet() = default;
  SourceSet(const SourceSet&) = delete;
  SourceSet& operator=(const SourceSet&) = delete;
  ~SourceSet();

  /// Creates one source. Throws std::runtime_error with one line.
  void add(const PluginLibrary& library, std::unique_ptr<PluginHost> host, const std::string& config_json);
  /// Starts the readers. Throws std::runtime_error with one line.
  void start();
  /// Ends and joins the readers; nothing is pushed after it.
  void stop();
  [[nodiscard]] std::vector<const PluginHost*> hosts() const;
  /// The plugin instance of the source with that name, for outputs that share its connection; nullptr when there is
  /// none.
  [[nodiscard]] void* instance(const std::string& name) const;
  /// Makes those that take marks known there.
  void offer(Marks& marks) const;

 private:
  struct Source {
    const vturn_source_functions* functions;
    void* instance;
    std::unique_ptr<PluginHost> host;
    bool running = false;
  };
  std::vector<Source> sources_;
};

}  // namespace vturn
