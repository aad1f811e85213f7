#include "tools/simulation/rhx_capture.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "tools/lib/csv.hpp"
#include "tools/lib/zst_file.hpp"

namespace vturn::simulation {
namespace {

namespace fs = std::filesystem;

/// NAME or NAME.zst, whichever there is.
std::optional<fs::path> find_file(const fs::path& folder, const std::string& name) {
  for (const auto& candidate : {folder / name, folder / (name + ".zst")}) {
    if (fs::exists(candidate)) return candidate;
  }
  return std::nullopt;
}

std::vector<std::uint8_t> read(const fs::path& file) {
  auto bytes = tools::read_file_or_zst(file);
  if (!bytes) throw std::runtime_error(bytes.error());
  return std::move(*bytes);
}

/// "Return: NAME VALUE" of a meta.json field; nothing when the field is not there.
std::optional<std::string> answered(const nlohmann::json& meta, const char* key) {
  if (!meta.contains(key) || !meta.at(key).is_string()) return std::nullopt;
  const auto text = meta.at(key).get<std::string>();
  return text.substr(text.rfind(' ') + 1);
}

}  // namespace

RhxCapture::RhxCapture(const fs::path& folder) {
  const bool left_and_back = find_file(folder, "first.raw").has_value();
  if (left_and_back) add(folder, "first", RhxStream::kWaveform, false);
  add(folder, "waveform", RhxStream::kWaveform, left_and_back);
  if (find_file(folder, "spike.raw")) add(folder, "spike", RhxStream::kSpike, false);
  std::stable_sort(pieces.begin(), pieces.end(), [](const auto& a, const auto& b) { return a.time_s < b.time_s; });
  const double first_s = pieces.front().time_s;
  for (auto& piece : pieces) piece.time_s -= first_s;
  if (fs::exists(folder / "meta.json")) read_meta(folder / "meta.json");
}

void RhxCapture::add(const fs::path& folder, const std::string& name, RhxStream stream, bool reconnected) {
  const auto raw = find_file(folder, name + ".raw");
  const auto times = find_file(folder, name + ".times.csv");
  if (!raw || !times) {
    throw std::runtime_error(folder.string() + ": no " + name + (raw ? ".times.csv" : ".raw") +
                             ": give the folder of an RHX capture (NAME.raw and NAME.times.csv, plain or .zst)");
  }
  files.push_back(read(*raw));
  const auto text = read(*times);
  std::istringstream in(std::string(text.begin(), text.end()));
  tools::CsvReader rows(in, times->string());
  const auto time = rows.column("mono_ns"), offset = rows.column("offset"), size = rows.column("nbytes");
  std::size_t end = 0;
  for (bool first = true; rows.next(); first = false) {
    const auto bytes = rows.integer(size);
    if (rows.integer(offset) != static_cast<std::int64_t>(end)) {
      throw rows.error_at(offset, "does not follow the row before, which ended at byte " + std::to_string(end));
    }
    if (bytes <= 0 || static_cast<std::size_t>(bytes) > files.back().size() - end) {
      throw rows.error_at(size, "goes beyond the " + std::to_string(files.back().size()) + " bytes of " +
                                    raw->string() + ": the file is cut off");
    }
    pieces.push_back({stream, reconnected && first, static_cast<double>(rows.integer(time)) * 1e-9, end,
                      static_cast<std::size_t>(bytes), files.size() - 1});
    end += static_cast<std::size_t>(bytes);
  }
  if (end != files.back().size() || end == 0) {
    throw std::runtime_error(raw->string() + ": holds " + std::to_string(files.back().size()) + " bytes, but " +
                             times->string() + " tells of " + std::to_string(end));
  }
}

void RhxCapture::read_meta(const fs::path& file) {
  std::ifstream in(file);
  const auto meta = nlohmann::json::parse(in, nullptr, false);
  if (!meta.is_object()) throw std::runtime_error(file.string() + ": is not JSON");
  identity.version = answered(meta, "version").value_or(identity.version);
  identity.type = answered(meta, "type").value_or(identity.type);
  identity.synthetic = answered(meta, "synthetic").value_or("False") == "True";
  identity.playback = answered(meta, "playback").value_or("False") == "True";
  if (const auto rate = answered(meta, "sampleratehertz")) identity.sample_rate_hz = std::stoi(*rate);
  if (!meta.contains("columns")) return;
  for (const auto& column : meta.at("columns")) columns.push_back(column.get<std::string>());
}

std::vector<std::uint8_t> RhxCapture::bytes_of(const RhxPiece& piece) const {
  const auto begin = files[piece.file].begin() + static_cast<std::ptrdiff_t>(piece.offset);
  return {begin, begin + static_cast<std::ptrdiff_t>(piece.size)};
}

}  // namespace vturn::simulation
