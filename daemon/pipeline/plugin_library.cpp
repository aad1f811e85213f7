#include "daemon/pipeline/plugin_library.hpp"

#include <dlfcn.h>

#include <filesystem>

namespace vturn {
namespace {

namespace fs = std::filesystem;

std::string path_of(const std::string& type) {
  if (type.find('/') != std::string::npos) return type;
  return (fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib" / "vturn" / (type + ".so")).string();
}

}  // namespace

Expected<PluginLibrary> load_plugin(const std::string& type) {
  const std::string path = path_of(type);
  if (!fs::exists(path))
    return Error{"plugin \"" + type + "\": " + path + " does not exist; check `type` in the rig file"};
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) return Error{"plugin \"" + type + "\" cannot be loaded: " + dlerror()};
  void* symbol = dlsym(handle, "vturn_plugin_entry");
  if (symbol == nullptr)
    return Error{"plugin \"" + type + "\": " + path + " has no vturn_plugin_entry; it is not a vturn plugin"};
  const vturn_plugin* plugin = reinterpret_cast<vturn_plugin_entry_function>(symbol)();
  if (plugin == nullptr || plugin->abi_version != VTURN_ABI_VERSION || plugin->struct_size != sizeof(vturn_plugin)) {
    const std::string found = plugin == nullptr ? "none" : std::to_string(plugin->abi_version);
    return Error{"plugin \"" + type + "\": interface version " + found + ", this vturnd needs " +
                 std::to_string(VTURN_ABI_VERSION) + "; build the plugin again with this version's vturn_plugin.h"};
  }
  return PluginLibrary{path, plugin};
}

}  // namespace vturn
