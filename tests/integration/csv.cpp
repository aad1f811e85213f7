#include "tests/integration/csv.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace vturn::test {
namespace {

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;  // a doubled quote toggles twice; the quotes themselves are left out
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

}  // namespace

Table::Table(const std::filesystem::path& file) : name_(file.string()) {
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line)) throw std::runtime_error(name_ + ": no header");
  header_ = cells_of(line);
  while (std::getline(stream, line)) {
    rows_.push_back(cells_of(line));
    if (rows_.back().size() != header_.size()) throw std::runtime_error(name_ + ": ragged row: " + line);
  }
}

std::size_t Table::column(const std::string& name) const {
  const auto found = std::find(header_.begin(), header_.end(), name);
  if (found == header_.end()) throw std::runtime_error(name_ + ": no column " + name);
  return static_cast<std::size_t>(found - header_.begin());
}

const std::string& Table::text(std::size_t row, const std::string& name) const { return rows_.at(row)[column(name)]; }

double Table::number(std::size_t row, const std::string& name) const { return std::stod(text(row, name)); }

std::vector<double> Table::numbers(const std::string& name) const {
  const std::size_t at = column(name);
  std::vector<double> all;
  all.reserve(rows_.size());
  for (const auto& row : rows_) all.push_back(std::stod(row[at]));
  return all;
}

std::size_t Table::count(const std::vector<std::pair<std::string, std::string>>& where) const {
  return static_cast<std::size_t>(std::count_if(rows_.begin(), rows_.end(), [&](const auto& row) {
    return std::all_of(where.begin(), where.end(),
                       [&](const auto& wanted) { return row[column(wanted.first)] == wanted.second; });
  }));
}

}  // namespace vturn::test
