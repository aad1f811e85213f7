#include "tests/unit/recordings/intan_writer.hpp"

#include <cstdio>

namespace vturn::test {
namespace {

std::string number(const char* form, std::size_t value) {
  char text[32];
  std::snprintf(text, sizeof text, form, value);
  return text;
}

struct MadeChannel {
  std::string name;
  int type;
  int order;
};

void write_channel(ByteWriter& out, const MadeIntan& made, const MadeChannel& channel, bool enabled) {
  out.qt(channel.name).qt("my " + channel.name).i16(channel.order).i16(channel.order).i16(channel.type);
  out.i16(enabled ? 1 : 0).i16(channel.order);
  if (made.stim) out.i16(0);
  out.i16(0).i16(1).i16(-70).i16(0).i16(1).f32(1e5).f32(-30.0);
}

void write_group(ByteWriter& out, const MadeIntan& made, const std::string& name, const std::string& prefix,
                 const std::vector<MadeChannel>& channels, std::size_t enabled, std::size_t amplifiers) {
  out.qt(name).qt(prefix).i16(1).i16(static_cast<int>(channels.size())).i16(static_cast<int>(amplifiers));
  for (std::size_t i = 0; i < channels.size(); ++i) write_channel(out, made, channels[i], i < enabled);
}

std::vector<MadeChannel> numbered(const char* form, std::size_t count, int type, std::size_t first) {
  std::vector<MadeChannel> channels;
  for (std::size_t i = 0; i < count; ++i) {
    channels.push_back({number(form, i + first), type, static_cast<int>(i)});
  }
  return channels;
}

template <class Stored>
void write_samples(ByteWriter& out, std::int64_t first, std::int64_t count, Stored&& stored) {
  for (std::int64_t i = first; i < first + count; ++i) out.u16(stored(i));
}

}  // namespace

Bytes intan_header(const MadeIntan& made) {
  ByteWriter out;
  out.u32(made.stim ? 0xD69127ACU : 0xC6912702U).i16(made.major).i16(made.minor).f32(made.rate_hz).i16(1);
  for (int i = 0; i < (made.stim ? 8 : 6); ++i) out.f32(1.0 + i);
  out.i16(2).f32(1000.0).f32(1000.0);
  if (made.stim) out.i16(0).i16(0).f32(1e-6).f32(1e-8).f32(0.0);
  out.qt(made.note).u32(0xFFFFFFFFU).qt("");
  const auto at_least = [&](int major, int minor) {
    return made.major > major || (made.major == major && made.minor >= minor);
  };
  if (made.stim) {
    out.i16(made.dc_saved ? 1 : 0).i16(made.board_mode).qt("n/a");
  } else {
    if (at_least(1, 1)) out.i16(made.temperature_sensors);
    if (at_least(1, 3)) out.i16(made.board_mode);
    if (at_least(2, 0)) out.qt("n/a");
  }
  const int din = made.stim ? 5 : 4, dout = made.stim ? 6 : 5;
  out.i16(6);
  auto port = numbered("A-%03zu", made.amplifiers + 1, 0, 0);  // the last is switched off
  write_group(out, made, "Port A", "A", port, made.amplifiers, made.amplifiers + 1);
  auto inputs = numbered("A-AUX%zu", made.auxiliaries, 1, 1);
  const auto supplies = numbered("A-VDD%zu", made.supplies, 2, 1);
  if (made.stim) inputs.clear();
  if (!made.stim) inputs.insert(inputs.end(), supplies.begin(), supplies.end());
  write_group(out, made, "Inputs", "A", inputs, inputs.size(), 0);
  out.qt("Port B").qt("B").i16(0).i16(0).i16(0);
  auto analog = numbered("ANALOG-IN-%zu", made.analog_ins, 3, 1);
  if (made.stim) {
    const auto outs = numbered("ANALOG-OUT-%zu", made.analog_outs, 4, 1);
    analog.insert(analog.end(), outs.begin(), outs.end());
  }
  write_group(out, made, "Analog", "ANALOG", analog, analog.size(), 0);
  write_group(out, made, "Digital In", "DIGITAL-IN", numbered("DIGITAL-IN-%02zu", made.digital_lines, din, 1),
              made.digital_in ? made.digital_lines : 0, 0);
  write_group(out, made, "Digital Out", "DIGITAL-OUT", numbered("DIGITAL-OUT-%02zu", made.digital_lines, dout, 1),
              made.digital_out ? made.digital_lines : 0, 0);
  return out.bytes();
}

Bytes intan_block(const MadeIntan& made, std::int64_t block) {
  const std::int64_t n = made.samples_per_block(), first = block * n;
  ByteWriter out;
  for (std::int64_t i = first; i < first + n; ++i) out.u32(static_cast<std::uint32_t>(made.timestamp(i)));
  const auto each = [&](int signal, std::size_t channels, std::int64_t divider) {
    for (std::size_t c = 0; c < channels; ++c) {
      write_samples(out, first / divider, n / divider, [&](std::int64_t i) { return made.signal(signal, c, i); });
    }
  };
  each(kMadeAmplifier, made.amplifiers, 1);
  if (made.stim) {
    if (made.dc_saved) each(kMadeDc, made.amplifiers, 1);
    each(kMadeStim, made.amplifiers, 1);
  } else {
    each(kMadeAuxiliary, made.auxiliaries, 4);
    each(kMadeSupply, made.supplies, n);
    each(kMadeTemperature, static_cast<std::size_t>(made.temperature_sensors), n);
  }
  each(kMadeAnalogIn, made.analog_ins, 1);
  if (made.stim) each(kMadeAnalogOut, made.analog_outs, 1);
  if (made.digital_in) each(kMadeDigitalIn, 1, 1);
  if (made.digital_out) each(kMadeDigitalOut, 1, 1);
  return out.bytes();
}

Bytes intan_file(const MadeIntan& made) {
  ByteWriter out;
  out.append(intan_header(made));
  for (std::int64_t block = 0; block < made.blocks; ++block) out.append(intan_block(made, block));
  return out.bytes();
}

Bytes spike_file(const std::vector<std::string>& channels, const std::vector<MadeSpike>& spikes, bool single,
                 std::uint32_t before, std::uint32_t after) {
  ByteWriter out;
  out.u32(single ? 0x18F88C00U : 0x18F8474BU).u16(1).c_string("m01_250101_120000");
  std::string natives, customs;
  for (const std::string& channel : channels) {
    natives += (natives.empty() ? "" : ",") + channel;
    customs += (customs.empty() ? "my " : ",my ") + channel;
  }
  out.c_string(natives).c_string(customs).f32(30000.0).u32(before).u32(after);
  for (const MadeSpike& spike : spikes) {
    if (!single) out.text(spike.channel);
    out.number(spike.sample).number(spike.id);
    for (std::uint32_t i = 0; i < before + after; ++i) out.u16(32768U - 100U * (i == before ? 1U : 0U));
  }
  return out.bytes();
}

namespace {

/// `columns` interleaved channels, `frames` frames.
template <class Stored>
Bytes interleaved(std::int64_t frames, std::size_t columns, Stored&& stored) {
  ByteWriter out;
  for (std::int64_t i = 0; i < frames; ++i) {
    for (std::size_t c = 0; c < columns; ++c) out.u16(stored(c, i));
  }
  return out.bytes();
}

Bytes times(const MadeIntan& made) {
  ByteWriter out;
  for (std::int64_t i = 0; i < made.frames(); ++i) out.u32(static_cast<std::uint32_t>(made.timestamp(i)));
  return out.bytes();
}

}  // namespace

void write_per_type(const TemporaryFolder& folder, const MadeIntan& made, int low_divider) {
  const std::int64_t n = made.frames();
  // Amplifier files hold signed numbers: the offset binary of the other formats with its top bit turned.
  const auto amplifier = [&](int signal) {
    return [&made, signal](std::size_t c, std::int64_t i) { return made.signal(signal, c, i) ^ 0x8000U; };
  };
  const auto plain = [&](int signal) {
    return [&made, signal](std::size_t c, std::int64_t i) { return made.signal(signal, c, i); };
  };
  folder.write(made.stim ? "info.rhs" : "info.rhd", intan_header(made));
  folder.write("time.dat", times(made));
  folder.write("amplifier.dat", interleaved(n, made.amplifiers, amplifier(kMadeAmplifier)));
  folder.write("highpass.dat", interleaved(n, made.amplifiers, amplifier(kMadeHigh)));
  folder.write("lowpass.dat", interleaved(n / low_divider, made.amplifiers, amplifier(kMadeLow)));
  if (made.stim) {
    folder.write("stim.dat", interleaved(n, made.amplifiers, plain(kMadeStim)));
    if (made.dc_saved) folder.write("dcamplifier.dat", interleaved(n, made.amplifiers, plain(kMadeDc)));
    folder.write("analogout.dat", interleaved(n, made.analog_outs, plain(kMadeAnalogOut)));
  } else {
    folder.write("auxiliary.dat", interleaved(n, made.auxiliaries, [&](std::size_t c, std::int64_t i) {
                   return made.signal(kMadeAuxiliary, c, i / 4);
                 }));
    folder.write("supply.dat", interleaved(n, made.supplies, [&](std::size_t c, std::int64_t i) {
                   return made.signal(kMadeSupply, c, i / 128);
                 }));
  }
  folder.write("analogin.dat", interleaved(n, made.analog_ins, plain(kMadeAnalogIn)));
  if (made.digital_in) folder.write("digitalin.dat", interleaved(n, 1, plain(kMadeDigitalIn)));
  if (made.digital_out) folder.write("digitalout.dat", interleaved(n, 1, plain(kMadeDigitalOut)));
}

void write_per_channel(const TemporaryFolder& folder, const MadeIntan& made) {
  const std::int64_t n = made.frames();
  folder.write(made.stim ? "info.rhs" : "info.rhd", intan_header(made));
  folder.write("time.dat", times(made));
  const auto one = [&](const std::string& file, int signal, std::size_t channel, unsigned turn, std::int64_t divider) {
    folder.write(file, interleaved(n, 1, [&](std::size_t, std::int64_t i) {
                   return made.signal(signal, channel, i / divider) ^ turn;
                 }));
  };
  for (std::size_t c = 0; c < made.amplifiers; ++c) {
    const std::string name = number("A-%03zu", c);
    one("amp-" + name + ".dat", kMadeAmplifier, c, 0x8000U, 1);
    if (made.stim && c == 0) one("stim-" + name + ".dat", kMadeStim, c, 0, 1);
    if (made.stim && made.dc_saved) one("dc-" + name + ".dat", kMadeDc, c, 0, 1);
  }
  for (std::size_t c = 0; !made.stim && c < made.auxiliaries; ++c) {
    one("aux-" + number("A-AUX%zu", c + 1) + ".dat", kMadeAuxiliary, c, 0, 4);
  }
  for (std::size_t c = 0; c < made.analog_ins; ++c) {
    one("board-" + number("ANALOG-IN-%zu", c + 1) + ".dat", kMadeAnalogIn, c, 0, 1);
  }
  for (std::size_t line = 0; made.digital_in && line < 16; ++line) {
    folder.write("board-" + number("DIGITAL-IN-%02zu", line + 1) + ".dat",
                 interleaved(n, 1, [&](std::size_t, std::int64_t i) {
                   return (made.signal(kMadeDigitalIn, 0, i) >> line) & 1U;
                 }));
  }
}

}  // namespace vturn::test
