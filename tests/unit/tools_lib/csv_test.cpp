#include "tools/lib/csv.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "tools/lib/heading_csv.hpp"

using namespace vturn;
using namespace vturn::tools;

namespace {

std::vector<std::vector<std::string>> rows_of(const std::string& text, CsvLimits limits = {}) {
  std::istringstream in(text);
  CsvReader csv(in, "x.csv", limits);
  std::vector<std::vector<std::string>> rows;
  while (csv.next()) {
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < csv.header().size(); ++i) row.emplace_back(csv.text(i));
  }
  return rows;
}

std::filesystem::path written(const std::string& name, const std::string& text) {
  const auto file = std::filesystem::temp_directory_path() / ("vturn_csv_test_" + name);
  std::ofstream(file) << text;
  return file;
}

}  // namespace

TEST_CASE("CSV: line ends, byte-order mark, quotes, empty lines") {
  using Rows = std::vector<std::vector<std::string>>;
  CHECK(rows_of("\xEF\xBB\xBF"
                "a,b\r\n1,2\r\n\r\n3,\r\n") == Rows{{"1", "2"}, {"3", ""}});
  CHECK(rows_of("a,b\n\"x, y\",\"say \"\"yes\"\"\"\n\"\",z") == Rows{{"x, y", "say \"yes\""}, {"", "z"}});
  CHECK(rows_of("a\n").empty());
}

TEST_CASE("CSV: errors name file, line and column") {
  CHECK_THROWS_WITH(rows_of(""), Catch::Contains("x.csv: is empty"));
  CHECK_THROWS_WITH(rows_of("a,a\n"), Catch::Contains("twice"));
  CHECK_THROWS_WITH(rows_of("a,b\n1,2\n1\n"), Catch::Contains("x.csv:3:0: 1 fields, the header has 2"));
  CHECK_THROWS_WITH(rows_of("a\n\"x\n"), Catch::Contains("x.csv:2:0: a quoted field does not end"));
  CHECK_THROWS_WITH(rows_of("a\n\"x\"y\n"), Catch::Contains("follows a closing quote"));
  CHECK_THROWS_WITH(rows_of("a\n123456789\n", {.max_line_bytes = 8}),
                    Catch::Contains("x.csv:2:0: longer than 8 bytes"));
  CHECK_THROWS_WITH(rows_of("a,b,c\n", {.max_columns = 2}), Catch::Contains("more than 2 columns"));
  std::istringstream in("unit,t_s\n3,abc\n");
  CsvReader csv(in, "x.csv");
  CHECK_THROWS_WITH(csv.column("hd_rad"), Catch::Contains("no column 'hd_rad'") && Catch::Contains("unit, t_s"));
  REQUIRE(csv.next());
  CHECK(csv.integer(0) == 3);
  CHECK_THROWS_WITH(csv.real(1), Catch::Contains("x.csv:2:2 (t_s): 'abc' is not a finite number"));
  CHECK_THROWS_WITH(CsvReader(std::filesystem::path("/nowhere/a.csv")), Catch::Contains("/nowhere/a.csv"));
  CHECK_THROWS_WITH(CsvReader(std::filesystem::path("/tmp")), Catch::Contains("folder"));
}

TEST_CASE("CSV: numbers are finite, missing ones are asked for") {
  std::istringstream in("x\ninf\n 1e3 \nnan\n1.5x\n");
  CsvReader csv(in, "x.csv");
  csv.next();
  CHECK_THROWS_AS(csv.real(0), CsvError);
  csv.next();
  CHECK(csv.real(0) == 1000.0);
  csv.next();
  CHECK_FALSE(csv.optional_real(0));
  csv.next();
  CHECK_THROWS_AS(csv.integer(0), CsvError);
}

TEST_CASE("CSV: what the writer writes, the reader reads") {
  std::ostringstream out;
  CsvWriter csv(out, {"name", "n", "x"});
  csv.text("a,\"b\"").integer(-7).real(1.25, 3).end_row();
  csv.text("line\nbreak").empty().real(std::nan(""), 3).end_row();
  CHECK_THROWS_AS(csv.end_row(), std::logic_error);
  CHECK(out.str() == "name,n,x\n\"a,\"\"b\"\"\",-7,1.250\n\"line break\",,\n");
  CHECK(rows_of(out.str())[0][0] == "a,\"b\"");
}

TEST_CASE("spikes and heading come sorted, wrapped and checked") {
  const auto spikes = read_spikes_csv(written("spikes.csv", "unit,t_s\n2,0.5\n1,0.25\n"));
  REQUIRE(spikes.size() == 2);
  CHECK(spikes[0].unit == 1);
  CHECK(spikes[0].time_ns == 250'000'000);
  CHECK_THROWS_WITH(read_spikes_csv(written("bad.csv", "unit,t_s\n5000,0.5\n")),
                    Catch::Contains(":2:1 (unit): must be from 0"));
  CHECK_THROWS_WITH(read_spikes_csv(written("bad.csv", "unit,t_s\n5,1e12\n")), Catch::Contains("no time in seconds"));
  const auto file = written("heading.csv", "t_s,hd_deg\n0,90\n1,nan\n2,-90\n2,0\n");
  const auto heading = read_heading_csv(file, false);
  REQUIRE(heading.size() == 2);
  CHECK(static_cast<double>(heading[1].angle_rad) == Approx(4.71238898));
  CHECK(static_cast<double>(read_heading_csv(file, true)[0].angle_rad) == Approx(4.71238898));
}
