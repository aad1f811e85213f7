#include "tools/lib/zst_file.hpp"

#include <zstd.h>

#include <array>
#include <fstream>
#include <memory>
#include <string>

namespace vturn::tools {
namespace {

constexpr std::array<char, 4> kZstdMagic = {'\x28', '\xB5', '\x2F', '\xFD'};

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

Error too_large(const std::filesystem::path& path, std::size_t max_bytes) {
  return {path.string() + ": holds more than " + std::to_string(max_bytes) + " bytes; cut it into smaller files"};
}

/// Streams a file through a sink in pieces, so that neither side is ever held twice.
class PieceReader {
 public:
  explicit PieceReader(std::ifstream& file) : file_(file), piece_(ZSTD_DStreamInSize()) {}

  [[nodiscard]] ZSTD_inBuffer next() {
    file_.read(piece_.data(), static_cast<std::streamsize>(piece_.size()));
    return {piece_.data(), static_cast<std::size_t>(file_.gcount()), 0};
  }

 private:
  std::ifstream& file_;
  std::vector<char> piece_;
};

Expected<std::vector<std::uint8_t>> read_plain(std::ifstream& file, const std::filesystem::path& path,
                                               std::size_t max_bytes) {
  std::vector<std::uint8_t> bytes;
  PieceReader reader(file);
  for (ZSTD_inBuffer piece = reader.next(); piece.size > 0; piece = reader.next()) {
    if (piece.size > max_bytes - bytes.size()) return too_large(path, max_bytes);
    const auto* from = static_cast<const std::uint8_t*>(piece.src);
    bytes.insert(bytes.end(), from, from + piece.size);
  }
  return bytes;
}

Expected<std::vector<std::uint8_t>> read_compressed(std::ifstream& file, const std::filesystem::path& path,
                                                    std::size_t max_bytes) {
  const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint8_t> room(ZSTD_DStreamOutSize());
  PieceReader reader(file);
  std::size_t frame_left = 0;
  for (ZSTD_inBuffer piece = reader.next(); piece.size > 0; piece = reader.next()) {
    // A full output buffer can leave unpacked bytes inside the context when the input is already used up.
    for (bool full = false; piece.pos < piece.size || full;) {
      ZSTD_outBuffer unpacked{room.data(), room.size(), 0};
      frame_left = ZSTD_decompressStream(context.get(), &unpacked, &piece);
      if (ZSTD_isError(frame_left) != 0) {
        return Error{path.string() + ": damaged zstd data (" + ZSTD_getErrorName(frame_left) + "); get the file again"};
      }
      if (unpacked.pos > max_bytes - bytes.size()) return too_large(path, max_bytes);
      bytes.insert(bytes.end(), room.begin(), room.begin() + static_cast<std::ptrdiff_t>(unpacked.pos));
      full = unpacked.pos == unpacked.size && frame_left != 0;
    }
  }
  if (frame_left != 0) return Error{path.string() + ": the zstd data ends too early; get the file again"};
  return bytes;
}

}  // namespace

Expected<std::vector<std::uint8_t>> read_file_or_zst(const std::filesystem::path& path, std::size_t max_bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{path.string() + ": cannot be opened; check the path and its permissions"};
  std::array<char, 4> magic{};
  file.read(magic.data(), magic.size());
  const bool compressed = file.gcount() == 4 && magic == kZstdMagic;
  file.clear();
  file.seekg(0);
  return compressed ? read_compressed(file, path, max_bytes) : read_plain(file, path, max_bytes);
}

}  // namespace vturn::tools
