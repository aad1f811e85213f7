#include "tests/unit/recordings/open_ephys_writer.hpp"

#include <nlohmann/json.hpp>

namespace vturn::test {
namespace {

using Json = nlohmann::ordered_json;

Json of_stream(const MadeOpenEphys& made, const std::string& folder) {
  Json entry{{"folder_name", folder}, {"sample_rate", made.rate_hz}};
  if (!made.old()) entry["stream_name"] = "acquisition_board";
  return entry;
}

Json continuous(const MadeOpenEphys& made, const std::string& stream) {
  Json entry = of_stream(made, stream + "/");
  entry["num_channels"] = made.channels;
  for (std::size_t c = 0; c < made.channels; ++c) {
    Json channel{{"channel_name", "CH" + std::to_string(c + 1)}, {"bit_volts", 0.195}, {"units", "uV"}};
    if (made.gui.starts_with("1.")) channel["type"] = 0;
    entry["channels"].push_back(channel);
  }
  return entry;
}

Json electrode(const MadeOpenEphys& made, const std::string& title) {
  Json entry{{"name", title}, {"stream_name", "acquisition_board"}, {"sample_rate", made.rate_hz}};
  entry["folder"] = "Spike_Detector-102.acquisition_board/" + title + "/";
  for (std::size_t c = 0; c < made.electrode_channels; ++c) {
    entry["source_channels"].push_back({{"name", "CH1"}, {"local_index", c}, {"bit_volts", 0.195}});
  }
  return entry;
}

Json structure(const MadeOpenEphys& made, const std::string& stream) {
  Json ttl = of_stream(made, stream + (made.old() ? "/TTL_1/" : "/TTL/"));
  ttl["type"] = "int16";
  Json text = of_stream(made, "MessageCenter/");
  text["type"] = "string";
  Json spikes = Json::array({electrode(made, "Electrode 1"), electrode(made, "Electrode 2")});
  if (made.old()) {
    Json group = of_stream(made, "Spike_Detector-102.0/spike_group_1/");
    group["num_channels"] = 2;
    group["channels"] = Json::array({{{"channel_name", "TT 0"}}, {{"channel_name", "TT 1"}}});
    spikes = Json::array({group});
  }
  return {{"GUI version", made.gui},
          {"continuous", Json::array({continuous(made, stream)})},
          {"events", Json::array({ttl, text})},
          {"spikes", spikes}};
}

}  // namespace

void write_open_ephys(const TemporaryFolder& folder, const std::string& name, const MadeOpenEphys& made) {
  const bool old = made.old();
  const std::string stream = old ? "Rhythm_FPGA-100.0" : "Acquisition_Board-100.acquisition_board";
  folder.write(name + "/structure.oebin", structure(made, stream).dump(4));

  ByteWriter data;
  for (std::size_t i = 0; i < made.sample_numbers.size(); ++i) {
    for (std::size_t c = 0; c < made.channels; ++c) data.i16(MadeOpenEphys::stored(c, i));
  }
  const std::string continuous = name + "/continuous/" + stream + "/";
  folder.write(continuous + "continuous.dat", data.bytes());
  const auto seconds = [&](const std::vector<std::int64_t>& samples) {
    std::vector<double> times;
    for (const auto sample : samples) times.push_back(static_cast<double>(sample) / made.rate_hz);
    return npy<double>("<f8", times);
  };
  folder.write(continuous + (old ? "timestamps.npy" : "sample_numbers.npy"),
               npy<std::int64_t>("<i8", made.sample_numbers));
  if (!old) folder.write(continuous + "timestamps.npy", seconds(made.sample_numbers));

  const std::string ttl = name + "/events/" + stream + (old ? "/TTL_1/" : "/TTL/");
  std::vector<std::int16_t> states(made.ttl_states.begin(), made.ttl_states.end());
  folder.write(ttl + (old ? "channel_states.npy" : "states.npy"), npy<std::int16_t>("<i2", states));
  folder.write(ttl + (old ? "timestamps.npy" : "sample_numbers.npy"), npy<std::int64_t>("<i8", made.ttl_samples));
  if (!old) folder.write(ttl + "timestamps.npy", seconds(made.ttl_samples));

  // Of the spikes, every other one is the second electrode's.
  const auto write_spikes = [&](const std::string& at, std::size_t first, std::size_t step) {
    std::vector<std::int64_t> samples;
    std::vector<std::uint16_t> ids, indices;
    std::vector<std::int16_t> waveforms;
    for (std::size_t i = first; i < made.spike_samples.size(); i += step) {
      samples.push_back(made.spike_samples[i]);
      ids.push_back(static_cast<std::uint16_t>(made.spike_ids[i]));
      indices.push_back(static_cast<std::uint16_t>(step == 1 ? i % 2 + 1 : 1));
      for (std::size_t n = 0; n < 40 * made.electrode_channels; ++n) {
        waveforms.push_back(static_cast<std::int16_t>(1000 * i + n));
      }
    }
    std::string shape("(");
    shape.append(std::to_string(samples.size()));
    // With one channel the GUI leaves that axis out.
    if (made.electrode_channels > 1 || old) shape.append(", ").append(std::to_string(made.electrode_channels));
    shape.append(", 40)");
    folder.write(at + (old ? "spike_times.npy" : "sample_numbers.npy"), npy<std::int64_t>("<i8", samples));
    folder.write(at + (old ? "spike_clusters.npy" : "clusters.npy"), npy<std::uint16_t>("<u2", ids));
    folder.write(at + (old ? "spike_electrode_indices.npy" : "electrode_indices.npy"),
                 npy<std::uint16_t>("<u2", indices));
    folder.write(at + (old ? "spike_waveforms.npy" : "waveforms.npy"), npy<std::int16_t>("<i2", waveforms, shape));
    if (!old) folder.write(at + "timestamps.npy", seconds(samples));
  };
  if (old) {
    write_spikes(name + "/spikes/Spike_Detector-102.0/spike_group_1/", 0, 1);
  } else {
    write_spikes(name + "/spikes/Spike_Detector-102.acquisition_board/Electrode 1/", 0, 2);
    write_spikes(name + "/spikes/Spike_Detector-102.acquisition_board/Electrode 2/", 1, 2);
  }
}

}  // namespace vturn::test
