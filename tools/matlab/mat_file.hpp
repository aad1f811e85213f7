#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tools/matlab/mat_reader.hpp"

namespace vturn::tools {

struct MatMatrix {
  std::size_t rows = 0, columns = 0;
  std::vector<double> values;  ///< column by column

  [[nodiscard]] double at(std::size_t row, std::size_t column) const { return values[column * rows + row]; }
};

/// Real matrices of a MAT file of version 5 to 7 (MATLAB's save, and -v7): variables, and fields of structs. Errors
/// are MatError with the file's name.
class MatFile {
 public:
  explicit MatFile(const std::filesystem::path& file);
  /// For bytes that are in memory; `name` is what errors call them.
  MatFile(std::string bytes, std::string name);

  /// The variable of that name, or a field inside of structs: "SleepState.ints.NREMstate". Nothing when a name of the
  /// path is not there; throws when it is, but is no matrix of real numbers.
  [[nodiscard]] std::optional<MatMatrix> matrix(const std::string& path) const;

 private:
  void check_header() const;

  std::string bytes_;
  std::string name_;
};

}  // namespace vturn::tools
