#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace vturn::test {

/// A small CSV file read whole: the tests' own reader, so that the product's does not check itself.
class Table {
 public:
  explicit Table(const std::filesystem::path& file);

  [[nodiscard]] std::size_t rows() const { return rows_.size(); }
  /// Throws when the file has no such column.
  [[nodiscard]] std::size_t column(const std::string& name) const;
  [[nodiscard]] const std::string& text(std::size_t row, const std::string& name) const;
  [[nodiscard]] double number(std::size_t row, const std::string& name) const;
  [[nodiscard]] std::vector<double> numbers(const std::string& name) const;
  /// Rows whose columns have all these values.
  [[nodiscard]] std::size_t count(const std::vector<std::pair<std::string, std::string>>& where) const;

 private:
  std::string name_;
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace vturn::test
