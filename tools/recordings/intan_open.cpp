#include <algorithm>
#include <cctype>

#include "tools/recordings/intan_recording.hpp"

namespace vturn::recordings {
namespace {

namespace fs = std::filesystem;

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

bool is_intan_file(const fs::path& path) {
  const std::string extension = lower_extension(path);
  return (extension == ".rhd" || extension == ".rhs") && fs::is_regular_file(path);
}

std::vector<fs::path> intan_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (is_intan_file(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool is_info(const fs::path& file) { return file.filename() == "info.rhd" || file.filename() == "info.rhs"; }

}  // namespace

bool is_intan_recording(const fs::path& path) {
  return fs::is_directory(path) ? !intan_files(path).empty() : is_intan_file(path);
}

std::unique_ptr<Recording> open_intan(const fs::path& path, const OpenSettings& settings) {
  std::vector<fs::path> files{path};
  if (fs::is_directory(path)) files = intan_files(path);
  const auto info = std::find_if(files.begin(), files.end(), is_info);
  if (info != files.end()) return open_intan_folder(*info, settings);
  std::vector<std::unique_ptr<ByteSource>> sources;
  sources.reserve(files.size());
  for (const fs::path& file : files) sources.push_back(std::make_unique<FileSource>(file));
  return open_intan_files(std::move(sources), settings);
}

}  // namespace vturn::recordings
