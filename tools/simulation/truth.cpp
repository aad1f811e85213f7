#include "tools/simulation/truth.hpp"

namespace vturn::simulation {
namespace {

const char* direction_name(Direction direction) {
  return direction == Direction::kClockwise ? "clockwise" : "counterclockwise";
}

}  // namespace

TruthWriter::File::File(const std::filesystem::path& path, std::initializer_list<std::string_view> header)
    : file(path), csv(file.stream(), header) {}

TruthWriter::TruthWriter(const std::filesystem::path& folder)
    : folder_((std::filesystem::create_directories(folder), folder)),
      spikes_(folder / "spikes.csv", {"unit", "t_s"}),
      heading_(folder / "heading.csv", {"t_s", "hd_rad"}),
      turns_(folder / "turns.csv", {"onset_s", "direction", "angle_rad"}),
      states_(folder / "states.csv", {"t_s", "stage"}),
      population_(folder / "population.csv", {"t_s", "direction"}),
      stimulations_(folder / "stimulations.csv", {"trigger_id", "due_s", "applied_s", "late", "effect"}) {}

void TruthWriter::add(const Block& block) {
  for (const auto& spike : block.spikes) spikes_.csv.integer(spike.unit).real(spike.time_s, 6).end_row();
  for (const auto& row : block.heading) {
    heading_.csv.real(row.time_s, 3).real(row.heading_rad, 5).end_row();
    if (row.time_s < next_state_s_) continue;
    states_.csv.real(row.time_s, 3).text(std::string(1, stage_letter(row.stage))).end_row();
    next_state_s_ += 1.0;
  }
  for (const auto& turn : block.turns) {
    const auto direction = turn.angle_rad > 0 ? Direction::kCounterclockwise : Direction::kClockwise;
    turns_.csv.real(turn.onset_s, 4).text(direction_name(direction)).real(turn.angle_rad, 5).end_row();
  }
  for (const auto& command : block.commands) {
    population_.csv.real(command.centre_s, 4).text(direction_name(command.direction)).end_row();
  }
  for (const auto& effect : block.effects) {
    stimulations_.csv.integer(effect.trigger_id)
        .real(effect.due_s, 6)
        .real(effect.applied_s, 6)
        .integer(effect.late ? 1 : 0)
        .text(effect.cut_turn ? "cut_turn" : "nudge")
        .end_row();
  }
}

void TruthWriter::finish(const tools::Json& summary) {
  for (auto* file : {&spikes_, &heading_, &turns_, &states_, &population_, &stimulations_}) file->file.commit();
  tools::write_file_atomically(folder_ / "summary.json", summary.dump(2) + "\n");
}

void RunTotals::add(const Block& block, double rate_hz) {
  spikes += block.spikes.size();
  turns += block.turns.size();
  commands += block.commands.size();
  const double duration_s = static_cast<double>(block.samples) / rate_hz;
  double& in_stage = block.stage == SleepState::kNrem ? nrem_s : block.stage == SleepState::kRem ? rem_s : wake_s;
  in_stage += duration_s;
  for (const auto& effect : block.effects) {
    ++stimuli;
    late_stimuli += effect.late ? 1 : 0;
    turns_cut += effect.cut_turn ? 1 : 0;
  }
}

tools::Json RunTotals::json() const {
  return {{"wake_s", wake_s},      {"nrem_s", nrem_s},
          {"rem_s", rem_s},        {"spikes", spikes},
          {"turns", turns},        {"population_commands", commands},
          {"stimuli", stimuli},    {"late_stimuli", late_stimuli},
          {"turns_cut", turns_cut}};
}

}  // namespace vturn::simulation
