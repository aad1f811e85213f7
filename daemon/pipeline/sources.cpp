#include "daemon/pipeline/sources.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace vturn {

SourceSet::~SourceSet() {
  stop();
  for (Source& source : sources_) source.functions->destroy(source.instance);
}

void SourceSet::add(const PluginLibrary& library, std::unique_ptr<PluginHost> host, const std::string& config_json) {
  if (library.plugin->source == nullptr) {
    throw std::runtime_error(library.path + ": is not a source; check `type` of [[source]]");
  }
  std::array<char, 512> error{};
  void* instance = library.plugin->source->create(&host->host(), config_json.c_str(), error.data(), error.size());
  if (instance == nullptr) throw std::runtime_error("source \"" + host->name() + "\": " + error.data());
  sources_.push_back({library.plugin->source, instance, std::move(host)});
}

void SourceSet::start() {
  for (Source& source : sources_) {
    std::array<char, 512> error{};
    source.running = true;  // stop() is due even when start() fails (vturn_plugin.h)
    if (source.functions->start(source.instance, error.data(), error.size()) != 0) {
      throw std::runtime_error("source \"" + source.host->name() + "\": " + error.data());
    }
  }
}

void SourceSet::stop() {
  for (Source& source : sources_) {
    if (source.running) source.functions->stop(source.instance);
    source.running = false;
  }
}

std::vector<const PluginHost*> SourceSet::hosts() const {
  std::vector<const PluginHost*> all;
  for (const Source& source : sources_) all.push_back(source.host.get());
  return all;
}

void* SourceSet::instance(const std::string& name) const {
  const auto found =
      std::find_if(sources_.begin(), sources_.end(), [&](const Source& source) { return source.host->name() == name; });
  return found == sources_.end() ? nullptr : found->instance;
}

void SourceSet::offer(Marks& marks) const {
  for (const Source& source : sources_) marks.add(*source.functions, source.instance);
}

}  // namespace vturn
