#include "tools/recordings/intan_header.hpp"

#include <cmath>
#include <optional>

namespace vturn::recordings {
namespace {

constexpr std::uint32_t kRhdMagic = 0xC6912702U;
constexpr std::uint32_t kRhsMagic = 0xD69127ACU;
constexpr int kNewestMajor = 3;
/// RHX drives 1024 amplifiers at most; with every other signal a header stays far below.
constexpr std::size_t kMostChannels = 16384;
constexpr std::int16_t kMostGroups = 64;
constexpr double kHighestRateHz = 1e6;

constexpr std::int16_t kUsb3Mode = 13;
constexpr std::int16_t kBipolarMode = 1;

std::optional<ChannelKind> kind_of(bool stim, std::int16_t type) noexcept {
  switch (type) {
    case 0:
      return ChannelKind::kAmplifier;
    case 3:
      return ChannelKind::kAnalogIn;
    case 4:
      return stim ? ChannelKind::kAnalogOut : ChannelKind::kDigitalIn;
    case 5:
      return stim ? ChannelKind::kDigitalIn : ChannelKind::kDigitalOut;
    default:
      break;
  }
  if (stim) return type == 6 ? std::optional(ChannelKind::kDigitalOut) : std::nullopt;
  if (type == 1) return ChannelKind::kAuxiliary;
  if (type == 2) return ChannelKind::kSupply;
  return std::nullopt;
}

class HeaderParser {
 public:
  explicit HeaderParser(const ByteSource& file) : fields_(file, "header") {}

  IntanHeader parse() {
    read_version();
    read_filters();
    for (std::string& note : header_.notes) note = fields_.qt_string();
    read_board();
    read_groups();
    header_.bytes = fields_.offset();
    return std::move(header_);
  }

 private:
  std::int16_t integer() { return fields_.number<std::int16_t>(); }
  float real() { return fields_.number<float>(); }

  void read_version() {
    const auto magic = fields_.number<std::uint32_t>();
    if (magic != kRhdMagic && magic != kRhsMagic) {
      throw fields_.error("no Intan recording: it begins with neither the mark of .rhd nor that of .rhs files");
    }
    header_.stim = magic == kRhsMagic;
    header_.major = integer();
    if (header_.major < 1 || header_.major > kNewestMajor) {
      throw fields_.error("format version " + std::to_string(header_.major) +
                          " is unknown (1 to 3 are read): the file is damaged or newer than this program");
    }
    header_.minor = integer();
    if (header_.minor < 0) throw fields_.error("format version below 0: the file is damaged");
    header_.rate_hz = static_cast<double>(real());
    if (!(header_.rate_hz > 0.0) || header_.rate_hz > kHighestRateHz) {
      throw fields_.error("the sampling rate is no number of hertz: the file is damaged");
    }
  }

  void read_filters() {
    integer();  // DSP on
    const int cutoffs = header_.stim ? 8 : 6;
    for (int i = 0; i < cutoffs; ++i) real();
    integer();  // notch
    real();     // impedance test frequencies
    real();
    if (!header_.stim) return;
    integer();  // amplifier settle
    integer();  // charge recovery
    header_.stim_step_a = static_cast<double>(real());
    if (!std::isfinite(header_.stim_step_a)) throw fields_.error("the stimulation step is no number: damaged");
    real();  // recovery limit
    real();  // recovery target
  }

  [[nodiscard]] bool at_least(int major, int minor) const noexcept {
    return header_.major > major || (header_.major == major && header_.minor >= minor);
  }

  void read_board() {
    if (header_.stim) {
      header_.dc_saved = integer() != 0;
      header_.board_mode = integer();
      fields_.qt_string();  // reference
      return;
    }
    if (at_least(1, 1)) {
      header_.temperature_sensors = integer();
      if (header_.temperature_sensors < 0) throw fields_.error("a number of temperature sensors below 0: damaged");
    }
    if (at_least(1, 3)) header_.board_mode = integer();
    if (at_least(2, 0)) fields_.qt_string();  // reference
  }

  void read_groups() {
    const std::int16_t groups = integer();
    if (groups < 0 || groups > kMostGroups) {
      throw fields_.error(std::to_string(groups) + " signal groups: the file is damaged");
    }
    for (std::int16_t group = 0; group < groups; ++group) {
      fields_.qt_string();  // name
      fields_.qt_string();  // prefix
      const bool enabled = integer() != 0;
      const std::int16_t channels = integer();
      if (channels < 0) throw fields_.error("a number of channels below 0: the file is damaged");
      integer();  // of them amplifiers
      if (!enabled) continue;
      for (std::int16_t i = 0; i < channels; ++i) read_channel();
    }
  }

  void read_channel() {
    IntanChannel channel;
    channel.native_name = fields_.qt_string();
    channel.custom_name = fields_.qt_string();
    channel.native_order = integer();
    integer();  // the user's order
    const std::int16_t type = integer();
    const auto kind = kind_of(header_.stim, type);
    if (!kind) throw fields_.error("signal type " + std::to_string(type) + " is unknown: the file is damaged");
    channel.kind = *kind;
    channel.enabled = integer() != 0;
    const int ignored = header_.stim ? 7 : 6;  // chip, streams, triggers
    for (int i = 0; i < ignored; ++i) integer();
    real();  // impedance
    real();
    if (header_.channels.size() == kMostChannels) throw fields_.error("too many channels: the file is damaged");
    header_.channels.push_back(std::move(channel));
  }

  FieldReader fields_;
  IntanHeader header_;
};

void set_analogue_scale(const IntanHeader& header, Channel& channel) {
  constexpr double kUnsignedStepV = 50.354e-6, kWideStepV = 312.5e-6, kBipolarStepV = 152.59e-6;
  const bool wide = header.stim || header.board_mode == kUsb3Mode;
  const bool bipolar = !wide && header.board_mode == kBipolarMode;
  channel.scale = wide ? kWideStepV : bipolar ? kBipolarStepV : kUnsignedStepV;
  channel.offset = wide || bipolar ? 32768.0 : 0.0;
  channel.unit = "V";
}

}  // namespace

std::vector<const IntanChannel*> IntanHeader::enabled(ChannelKind kind) const {
  std::vector<const IntanChannel*> found;
  for (const IntanChannel& channel : channels) {
    if (channel.enabled && channel.kind == kind) found.push_back(&channel);
  }
  return found;
}

IntanHeader read_intan_header(const ByteSource& file) { return HeaderParser(file).parse(); }

Channel intan_channel(const IntanHeader& header, const IntanChannel& channel, ChannelKind kind, bool flat) {
  constexpr double kAmplifierStepUv = 0.195, kAuxiliaryStepV = 37.4e-6, kSupplyStepV = 74.8e-6, kDcStepV = -0.01923;
  Channel made{channel.native_name, channel.custom_name, kind, "", 1.0, 0.0, -1};
  switch (kind) {
    case ChannelKind::kAmplifier:
    case ChannelKind::kLowpass:
    case ChannelKind::kHighpass:
      made.scale = kAmplifierStepUv;
      made.offset = flat ? 0.0 : 32768.0;
      made.unit = "uV";
      break;
    case ChannelKind::kDc:
      made.scale = kDcStepV;
      made.offset = 512.0;
      made.unit = "V";
      break;
    case ChannelKind::kStim:
      made.scale = header.stim_step_a * 1e6;
      made.unit = "uA";
      break;
    case ChannelKind::kAuxiliary:
      made.scale = kAuxiliaryStepV;
      made.unit = "V";
      break;
    case ChannelKind::kSupply:
      made.scale = kSupplyStepV;
      made.unit = "V";
      break;
    case ChannelKind::kAnalogIn:
    case ChannelKind::kAnalogOut:
      set_analogue_scale(header, made);
      break;
    default:
      break;
  }
  return made;
}

}  // namespace vturn::recordings
