#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/simulation/rhx_server.hpp"

namespace vturn::simulation {

/// One receive of a recorded RHX session.
struct RhxPiece {
  RhxStream stream;
  bool reconnected;  ///< the data client had left before it, and came back
  double time_s;     ///< from the first receive of the capture
  std::size_t offset, size;
  std::size_t file;  ///< index into RhxCapture::files
};

/// A folder of what the data ports of RHX sent: waveform.raw, spike.raw, first.raw (the waveform stream before its
/// client left and came back), each with NAME.times.csv (`mono_ns,real_ns,offset,nbytes`, one row a receive), .zst
/// or plain, and meta.json with what RHX answered on the command port. Anything missing, cut off or at odds throws.
struct RhxCapture {
  explicit RhxCapture(const std::filesystem::path& folder);

  [[nodiscard]] double duration_s() const { return pieces.back().time_s; }
  [[nodiscard]] std::vector<std::uint8_t> bytes_of(const RhxPiece& piece) const;

  RhxIdentity identity;
  std::vector<std::string> columns;              ///< as meta.json names them; empty when it does not
  std::vector<std::vector<std::uint8_t>> files;  ///< unpacked
  std::vector<RhxPiece> pieces;                  ///< by time

 private:
  void add(const std::filesystem::path& folder, const std::string& name, RhxStream stream, bool reconnected);
  void read_meta(const std::filesystem::path& file);
};

}  // namespace vturn::simulation
