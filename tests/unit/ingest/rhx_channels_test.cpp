// Names, order of columns and scales of Intan RHX, against the rules measured on the real program.
#include "daemon/ingest/rhx_channels.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/unit/ingest/rhx_streams.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

constexpr auto kUsb2 = RhxController::kRecordUsb2;
constexpr auto kUsb3 = RhxController::kRecordUsb3;
constexpr auto kRhs = RhxController::kStimRecord;

}  // namespace

TEST_CASE("RHX controller types, in any case; others are refused with what is expected") {
  CHECK(*parse_rhx_controller("ControllerRecordUSB2") == kUsb2);
  CHECK(*parse_rhx_controller("controllerrecordusb3") == kUsb3);
  CHECK(*parse_rhx_controller("ControllerStimRecord") == kRhs);
  const auto wrong = parse_rhx_controller("ControllerX");
  REQUIRE_FALSE(wrong);
  CHECK_THAT(wrong.error(), Catch::Contains("ControllerX") && Catch::Contains("ControllerStimRecord"));
}

TEST_CASE("RHX channel names read back as they are written") {
  struct Case {
    RhxController controller;
    std::string name;
    RhxSignal signal;
    std::uint16_t number;
  };
  for (const Case& c :
       {Case{kUsb3, "A-000", RhxSignal::kWide, 0}, Case{kUsb3, "H-127", RhxSignal::kWide, 127},
        Case{kUsb3, "A-AUX3", RhxSignal::kAux, 3}, Case{kUsb2, "B-VDD1", RhxSignal::kVdd, 1},
        Case{kUsb3, "ANALOG-IN-8", RhxSignal::kAnalogIn, 8}, Case{kUsb2, "ANALOG-IN-07", RhxSignal::kAnalogIn, 7},
        Case{kRhs, "ANALOG-OUT-1", RhxSignal::kAnalogOut, 1}, Case{kUsb3, "DIGITAL-IN-16", RhxSignal::kDigitalIn, 16},
        Case{kUsb2, "DIGITAL-IN-00", RhxSignal::kDigitalIn, 0},
        Case{kRhs, "DIGITAL-OUT-01", RhxSignal::kDigitalOut, 1}}) {
    const auto channel = parse_rhx_channel(c.name, c.controller);
    REQUIRE(channel);
    CHECK(channel->signal == c.signal);
    CHECK(channel->number == c.number);
    CHECK(rhx_native_name(*channel, c.controller) == c.name);
    std::string lower = c.name;
    for (char& letter : lower) letter = static_cast<char>(std::tolower(letter));
    CHECK(*parse_rhx_channel(lower, c.controller) == *channel);
  }
  CHECK(parse_rhx_channel("h-127", kUsb3)->port == 7);
  CHECK(rhx_native_name({RhxSignal::kAux, 0, 1}, kRhs).empty());
}

TEST_CASE("RHX bands of an amplifier, behind a bar") {
  CHECK(parse_rhx_channel("A-004|WIDE", kUsb3)->signal == RhxSignal::kWide);
  CHECK(parse_rhx_channel("a-004|low", kUsb3)->signal == RhxSignal::kLow);
  CHECK(parse_rhx_channel("A-004|HIGH", kUsb2)->signal == RhxSignal::kHigh);
  CHECK(parse_rhx_channel("A-004|SPK", kRhs)->signal == RhxSignal::kSpike);
  CHECK(parse_rhx_channel("A-004|DC", kRhs)->signal == RhxSignal::kDc);
  CHECK(parse_rhx_channel("A-004|STIM", kRhs)->signal == RhxSignal::kStim);
  CHECK(rhx_native_name(*parse_rhx_channel("A-004|STIM", kRhs), kRhs) == "A-004");
}

TEST_CASE("RHX channels that a controller does not have are refused in one line that says what there is") {
  struct Case {
    RhxController controller;
    std::string name;
  };
  for (const Case& c : {Case{kUsb3, ""},
                        Case{kUsb3, "A"},
                        Case{kUsb3, "A-"},
                        Case{kUsb3, "A-0"},
                        Case{kUsb3, "A-128"},
                        Case{kUsb3, "I-000"},
                        Case{kUsb3, "A-00x"},
                        Case{kUsb3, "A-+10"},
                        Case{kUsb3, "A-000|"},
                        Case{kUsb3, "A-000|DC"},
                        Case{kUsb3, "A-000|SPIKE"},
                        Case{kUsb3, "A-AUX"},
                        Case{kUsb3, "A-AUX0"},
                        Case{kUsb3, "AUX1"},
                        Case{kUsb3, "A-AUX1|WIDE"},
                        Case{kUsb3, "ANALOG-IN-9"},
                        Case{kUsb3, "ANALOG-OUT-1"},
                        Case{kUsb3, "DIGITAL-IN-1"},
                        Case{kUsb3, "DIGITAL-IN-17"},
                        Case{kUsb3, "DIGITAL-IN-00"},
                        Case{kUsb2, "DIGITAL-IN-16"},
                        Case{kUsb2, "ANALOG-IN-08"},
                        Case{kRhs, "A-AUX1"},
                        Case{kRhs, "A-VDD1"},
                        Case{kUsb3, "DIGITAL-IN-99999999999"}}) {
    const auto channel = parse_rhx_channel(c.name, c.controller);
    REQUIRE_FALSE(channel);
    CHECK_THAT(channel.error(), Catch::StartsWith("\"" + c.name + "\"") && Catch::Contains("DIGITAL-IN"));
    CHECK(channel.error().find('\n') == std::string::npos);
  }
}

TEST_CASE("RHX columns stand in native order whatever the order of enabling, with one word per digital group") {
  // As measured: for each port its amplifiers, then AUX, VDD; then the board. Bands as W, L, H, DC, STIM.
  const std::vector<std::string> order = {"A-000",  "A-000|LOW",   "A-000|HIGH",  "A-003",         "A-127",
                                          "A-AUX1", "A-AUX2",      "A-VDD1",      "B-001|LOW",     "B-AUX1",
                                          "H-000",  "ANALOG-IN-1", "ANALOG-IN-2", "DIGITAL-IN-03", "DIGITAL-OUT-02"};
  RhxColumns expected = rhx_channels(order);
  expected[13].number = expected[14].number = 0;
  auto names = order;
  for (const char* extra : {"A-000|SPK", "B-090|SPK", "DIGITAL-IN-16", "A-003", "DIGITAL-OUT-01"})
    names.push_back(extra);
  std::mt19937_64 random(3);
  for (int i = 0; i < 50; ++i) {
    std::shuffle(names.begin(), names.end(), random);
    CHECK(rhx_columns_of(names) == expected);
  }
  CHECK(rhx_columns_of({"A-000|SPK"}).empty());
}

TEST_CASE("RHX columns of an RHS controller: direct current and stimulation stand with their amplifier") {
  const auto columns =
      rhx_columns_of({"DIGITAL-OUT-01", "DIGITAL-IN-01", "ANALOG-OUT-1", "ANALOG-IN-1", "A-010|STIM", "A-000|STIM",
                      "A-003", "A-002", "A-001", "A-000|DC", "A-000|HIGH", "A-000|LOW", "A-000"},
                     kRhs);
  std::vector<RhxSignal> signals;
  for (const RhxChannel& column : columns) signals.push_back(column.signal);
  using S = RhxSignal;
  CHECK(signals == std::vector<S>{S::kWide, S::kLow, S::kHigh, S::kDc, S::kStim, S::kWide, S::kWide, S::kWide, S::kStim,
                                  S::kAnalogIn, S::kAnalogOut, S::kDigitalIn, S::kDigitalOut});
}

TEST_CASE("RHX digital lines are bits, counted from 0") {
  CHECK(rhx_digital_line(*parse_rhx_channel("DIGITAL-IN-01", kUsb3), kUsb3) == 0);
  CHECK(rhx_digital_line(*parse_rhx_channel("DIGITAL-OUT-16", kRhs), kRhs) == 15);
  CHECK(rhx_digital_line(*parse_rhx_channel("DIGITAL-IN-00", kUsb2), kUsb2) == 0);
}

TEST_CASE("RHX scales, by the table of its streams") {
  const auto value = [](RhxSignal signal, std::uint16_t word, RhxController controller = kUsb3) {
    return rhx_scale(signal, controller)(word);
  };
  for (const RhxSignal band : {RhxSignal::kWide, RhxSignal::kLow, RhxSignal::kHigh}) {
    CHECK(value(band, 32768) == 0.0F);
    CHECK(value(band, 32769) == Approx(0.195));
    CHECK(value(band, 0) == Approx(-6389.76));
  }
  CHECK(value(RhxSignal::kAux, 44118) == Approx(1.65).epsilon(1e-4));
  CHECK(value(RhxSignal::kVdd, 44118) == Approx(3.3).epsilon(1e-4));
  CHECK(value(RhxSignal::kAnalogIn, 65535) == Approx(10.24).epsilon(1e-4));
  CHECK(value(RhxSignal::kAnalogIn, 65535, kUsb2) == Approx(3.3).epsilon(1e-4));
  CHECK(value(RhxSignal::kAnalogOut, 0, kRhs) == Approx(-10.24));
  CHECK(value(RhxSignal::kDc, 512, kRhs) == 0.0F);
  CHECK(value(RhxSignal::kDc, 0, kRhs) == Approx(9.84576));
  CHECK(value(RhxSignal::kDigitalIn, 5) == 5.0F);
  CHECK_FALSE(rhx_is_voltage(RhxSignal::kStim));
  CHECK(rhx_is_voltage(RhxSignal::kDc));
}
