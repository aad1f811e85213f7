#include "daemon/ingest/heading_datagram.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/core/angle.hpp"

using namespace vturn;
using namespace vturn::ingest;

namespace {

HeadingError parse(std::string_view text, HeadingDatagram& heading, ImageY image_y = ImageY::kUp) {
  return parse_heading(text, image_y, heading);
}
HeadingError error_of(std::string_view text) {
  HeadingDatagram heading;
  return parse(text, heading);
}

}  // namespace

TEST_CASE("a heading comes as a plain number or as JSON, in radians or degrees") {
  HeadingDatagram heading;
  for (const char* text : {"1.5", " 1.5\n", "{\"heading_rad\": 1.5}", "{\"heading_deg\":85.94366926962348}", "1.5e0"}) {
    INFO(text);
    REQUIRE(parse(text, heading) == HeadingError::kNone);
    CHECK(heading.angle_rad == Approx(1.5));
    CHECK_FALSE(heading.has_time);
    CHECK_FALSE(heading.has_sequence);
  }
}

TEST_CASE("an image's y axis points down: its angles turn the other way") {
  HeadingDatagram heading;
  REQUIRE(parse("0.5", heading, ImageY::kDown) == HeadingError::kNone);
  CHECK(heading.angle_rad == Approx(kTwoPi - 0.5));
  REQUIRE(parse("{\"heading_deg\":-90}", heading, ImageY::kDown) == HeadingError::kNone);
  CHECK(heading.angle_rad == Approx(kPi / 2));
  for (const char* nothing : {"0", "5e-324", "1e-320"}) {
    REQUIRE(parse(nothing, heading, ImageY::kDown) == HeadingError::kNone);
    CHECK(heading.angle_rad == 0.0);
  }
}

TEST_CASE("the tracker's own clock and counter are read, other keys are passed over") {
  HeadingDatagram heading;
  const char* text =
      R"( { "frame" : "a\"b" , "seq":42, "ok":true, "none":null, "t_s":12.025, "heading_rad":-0.25, "x":3 } )";
  REQUIRE(parse(text, heading) == HeadingError::kNone);
  CHECK(heading.has_time);
  CHECK(heading.time_s == 12.025);
  CHECK(heading.has_sequence);
  CHECK(heading.sequence == 42);
  CHECK(heading.angle_rad == Approx(kTwoPi - 0.25));
}

TEST_CASE("what another JSON writer makes is read back") {
  for (int i = -50; i < 50; ++i) {
    const double angle = 0.37 * i;
    const nlohmann::json json = {{"heading_rad", angle}, {"t_s", 1e-3 * i}, {"seq", i + 50}};
    HeadingDatagram heading;
    REQUIRE(parse(json.dump(i % 3 == 0 ? 2 : -1), heading) == HeadingError::kNone);
    CHECK(heading.angle_rad == Approx(wrap_angle(angle)).margin(1e-12));
    CHECK(heading.sequence == static_cast<std::uint64_t>(i + 50));
    CHECK(heading.time_s == 1e-3 * i);
  }
}

TEST_CASE("anything else is refused by name and leaves the heading as it was") {
  for (const char* text : {"",
                           " ",
                           "x",
                           "nan",
                           "inf",
                           "-",
                           "-inf",
                           "1 2",
                           "{",
                           "{}x",
                           "{\"heading_rad\"}",
                           "{\"heading_rad\":}",
                           "{\"heading_rad\":1",
                           "{\"heading_rad\":1,}",
                           "{\"heading_rad\":\"1\"}",
                           "{\"heading_rad\":nan}",
                           "{\"heading_rad\":[1]}",
                           "{\"a\":{}}",
                           "{\"a\\\"",
                           "[1]",
                           "1e999",
                           "{\"heading_rad\":1}{"}) {
    INFO(text);
    CHECK(error_of(text) == HeadingError::kSyntax);
  }
  CHECK(error_of("{}") == HeadingError::kNoHeading);
  CHECK(error_of("{\"t_s\":1}") == HeadingError::kNoHeading);
  CHECK(error_of("{\"heading_rad\":1,\"heading_deg\":57}") == HeadingError::kNoHeading);
  for (const char* text : {"1e7", "{\"heading_rad\":1,\"t_s\":1e10}", "{\"heading_rad\":1,\"seq\":-1}",
                           "{\"heading_rad\":1,\"seq\":1.5}", "{\"heading_rad\":1,\"seq\":1e17}"}) {
    INFO(text);
    CHECK(error_of(text) == HeadingError::kRange);
  }
  CHECK(error_of(std::string(kMaxHeadingDatagramBytes + 1, ' ')) == HeadingError::kTooLong);
  HeadingDatagram heading;
  heading.angle_rad = 7;
  CHECK(parse("oops", heading) != HeadingError::kNone);
  CHECK(heading.angle_rad == 7);
}

TEST_CASE("two points of JSON look from the back one to the front one") {
  HeadingDatagram heading;
  const char* text = R"({"front_x":10,"front_y":30,"back_x":10,"back_y":20.5,"t_s":1.5,"seq":3})";
  REQUIRE(parse(text, heading, ImageY::kUp) == HeadingError::kNone);
  CHECK(heading.angle_rad == Approx(kPi / 2));
  CHECK(heading.time_s == 1.5);
  REQUIRE(parse(text, heading, ImageY::kDown) == HeadingError::kNone);
  CHECK(heading.angle_rad == Approx(3 * kPi / 2));
  REQUIRE(parse_heading(text, {ImageY::kUp, -kPi / 2, 9.5}, heading) == HeadingError::kNone);
  CHECK(heading.angle_rad == Approx(0).margin(1e-12));
  CHECK(parse_heading(text, {ImageY::kUp, 0, 9.6}, heading) == HeadingError::kUnseen);
}

TEST_CASE("a point that a tracker did not see is null or NaN; its frame still counts") {
  for (const char* unseen : {"null", "NaN"}) {
    HeadingDatagram heading;
    const std::string text = R"({"front_x":1,"front_y":2,"back_x":)" + std::string(unseen) + R"(,"back_y":4,"seq":9})";
    CHECK(parse(text, heading) == HeadingError::kUnseen);
    CHECK(heading.has_sequence);
    CHECK(heading.sequence == 9);
  }
  CHECK(error_of(R"({"front_x":1,"front_y":2,"back_x":1,"back_y":2})") == HeadingError::kUnseen);
  CHECK(error_of(R"({"front_x":1,"front_y":2,"back_x":1})") == HeadingError::kNoHeading);
  CHECK(error_of(R"({"front_x":1,"front_y":2,"back_x":1,"back_y":3,"heading_rad":1})") == HeadingError::kNoHeading);
  CHECK(error_of(R"({"front_x":"1","front_y":2,"back_x":1,"back_y":3})") == HeadingError::kSyntax);
  CHECK(error_of(R"({"front_x":1e300,"front_y":2,"back_x":-1e308,"back_y":3})") != HeadingError::kSyntax);
}

TEST_CASE("an object of too many keys ends the search") {
  std::string text = "{";
  for (int i = 0; i < 40; ++i) text += "\"k\":1,";
  CHECK(error_of(text + "\"heading_rad\":1}") == HeadingError::kSyntax);
}

TEST_CASE("every error has a line of its own, and the image axis is one of two words") {
  for (auto error : {HeadingError::kTooLong, HeadingError::kSyntax, HeadingError::kNoHeading, HeadingError::kRange,
                     HeadingError::kUnseen, HeadingError::kPending})
    CHECK(describe(error).size() > 20);
  CHECK(*parse_image_y("up") == ImageY::kUp);
  CHECK(*parse_image_y("down") == ImageY::kDown);
  CHECK_FALSE(parse_image_y("left"));
}
