// Compiled once per instruction set (VTURN_KERNEL_STEP names the function); see kernel.hpp for what must not be here.
#include "daemon/decode/kernel.hpp"
#include "daemon/decode/lanes.hpp"

namespace vturn::kernel {
namespace {

constexpr size_t kFirstRest = kRightRows;
constexpr size_t kFirstLeft = kRightRows + kRestRows;

constexpr bool rests(size_t row) { return row >= kFirstRest && row < kFirstLeft; }

/// What each row's linear interpolation and exchange come to in this step.
struct RowPlan {
  const float* near_row[kRows];  ///< first angle of the row, shifted by whole bins
  float near_weight[kRows];
  float far_weight[kRows];
  float stay[kRows];
  float up[kRows];
  float down[kRows];
};

VTURN_ALWAYS_INLINE int whole_bins_below(float bins) {
  const int truncated = static_cast<int>(bins);
  return static_cast<float>(truncated) > bins ? truncated - 1 : truncated;
}

VTURN_ALWAYS_INLINE void plan_rows(const StepInput& in, RowPlan& plan) {
  const Dynamics& dynamics = *in.dynamics;
  for (size_t row = 0; row < kRows; ++row) {
    const float shift_bins = dynamics.shift_bins_per_s[row] * in.dt_s;
    const int whole = whole_bins_below(shift_bins);
    const float fraction = shift_bins - static_cast<float>(whole);
    plan.near_row[row] = in.from->p[row] + kHalo - whole;
    plan.near_weight[row] = (1.0F - fraction) * in.inverse_norm;
    plan.far_weight[row] = fraction * in.inverse_norm;
    const float leave_hz = rests(row) ? dynamics.rest_to_turn_hz : dynamics.turn_to_rest_hz;
    plan.up[row] = dynamics.hop_up_hz[row] * in.dt_s;
    plan.down[row] = dynamics.hop_down_hz[row] * in.dt_s;
    plan.stay[row] = 1.0F - (plan.up[row] + plan.down[row] + leave_hz * in.dt_s);
  }
}

/// A block of angles is worked row by row, so that a row's coefficients are fetched once for all its parts.
constexpr size_t kGroups = kLanes / kPartLanes;
constexpr size_t kBlockParts = kGroups < 4 ? 4 : kGroups;
constexpr size_t kBlockAngles = kBlockParts * kPartLanes;
static_assert(kAngles % kBlockAngles == 0 && kBlockAngles % kLanes == 0);

struct Sums {
  Lanes row[kRows];
  Lanes norm, evidence, cosine, sine, rate;
};

struct Block {
  Part moved[kRows][kBlockParts];
  Part into_turn[kBlockParts], into_rest[kBlockParts];  ///< what enters a mode: switches from the others, and the floor
  Part likelihood[kBlockParts], tempered[kBlockParts];
  Part predicted[kBlockParts];  ///< summed over the rows
};

VTURN_ALWAYS_INLINE void move_row(const RowPlan& plan, size_t row, size_t angle, Block& block, Part* mode_sum) {
  const float* const near = plan.near_row[row] + angle;
  const Part near_weight = splat(plan.near_weight[row]);
  const Part far_weight = splat(plan.far_weight[row]);
#pragma GCC unroll 16
  for (size_t part = 0; part < kBlockParts; ++part) {
    const float* const here = near + part * kPartLanes;
    block.moved[row][part] = load(here) * near_weight + load(here - 1) * far_weight;
    mode_sum[part] = mode_sum[part] + block.moved[row][part];
  }
}

VTURN_ALWAYS_INLINE void move_block(const StepInput& in, const RowPlan& plan, size_t angle, Block& block) {
  Part turning[kBlockParts], resting[kBlockParts];
  for (size_t part = 0; part < kBlockParts; ++part) turning[part] = resting[part] = splat(0.0F);
  for (size_t row = 0; row < kFirstRest; ++row) move_row(plan, row, angle, block, turning);
  for (size_t row = kFirstRest; row < kFirstLeft; ++row) move_row(plan, row, angle, block, resting);
  for (size_t row = kFirstLeft; row < kRows; ++row) move_row(plan, row, angle, block, turning);
  const Part floor = splat(in.dynamics->floor);
  const Part turn_share = splat(0.5F * in.dynamics->rest_to_turn_hz * in.dt_s);
  const Part rest_share = splat(in.dynamics->turn_to_rest_hz * in.dt_s);
  for (size_t part = 0; part < kBlockParts; ++part) {
    block.into_turn[part] = resting[part] * turn_share + floor;
    block.into_rest[part] = turning[part] * rest_share + floor;
  }
}

VTURN_ALWAYS_INLINE void observe_block(const StepInput& in, size_t angle, Block& block) {
  for (size_t part = 0; part < kBlockParts; ++part) {
    const size_t here = angle + part * kPartLanes;
    const Part exponent = load(in.rate_excess_hz->value + here) * splat(-in.gain_dt_s);
    block.likelihood[part] = load(in.spike_ratio->value + here) * exponential(exponent);
    block.tempered[part] = load(in.spike_tempered->value + here) * exponential(exponent * splat(in.temper));
    block.predicted[part] = splat(0.0F);
  }
}

VTURN_ALWAYS_INLINE void update_row(const StepInput& in, const RowPlan& plan, size_t row, size_t angle, Block& block,
                                    const Part* into_mode, Lanes& row_sum) {
  const Part stay = splat(plan.stay[row]);
  const Part enter = splat(in.dynamics->enter[row]);
  const Part up = splat(row > 0 ? plan.up[row - 1] : 0.0F);
  const Part down = splat(row + 1 < kRows ? plan.down[row + 1] : 0.0F);
  const Part* const below = block.moved[row > 0 ? row - 1 : 0];
  const Part* const above = block.moved[row + 1 < kRows ? row + 1 : row];
  float* const to = in.to->p[row] + kHalo + angle;
  Part sums[kGroups];
  for (size_t group = 0; group < kGroups; ++group) sums[group] = load(row_sum.lane + group * kPartLanes);
#pragma GCC unroll 16
  for (size_t part = 0; part < kBlockParts; ++part) {
    const Part kept = block.moved[row][part] * stay + into_mode[part] * enter;
    const Part predicted = kept + (below[part] * up + above[part] * down);
    block.predicted[part] = block.predicted[part] + predicted;
    const Part posterior = predicted * block.tempered[part];
    sums[part % kGroups] = sums[part % kGroups] + posterior;
    store(to + part * kPartLanes, posterior);
  }
  for (size_t group = 0; group < kGroups; ++group) store(row_sum.lane + group * kPartLanes, sums[group]);
}

VTURN_ALWAYS_INLINE void step_block(const StepInput& in, const RowPlan& plan, size_t angle, Sums& sums,
                                    Circle& marginal) {
  Block block;
  move_block(in, plan, angle, block);
  observe_block(in, angle, block);
  for (size_t row = 0; row < kFirstRest; ++row) {
    update_row(in, plan, row, angle, block, block.into_turn, sums.row[row]);
  }
  for (size_t row = kFirstRest; row < kFirstLeft; ++row) {
    update_row(in, plan, row, angle, block, block.into_rest, sums.row[row]);
  }
  for (size_t row = kFirstLeft; row < kRows; ++row) {
    update_row(in, plan, row, angle, block, block.into_turn, sums.row[row]);
  }
  for (size_t part = 0; part < kBlockParts; ++part) {
    const size_t here = angle + part * kPartLanes;
    const size_t lane = here % kLanes;
    const Part posterior = block.predicted[part] * block.tempered[part];
    store(marginal.value + here, posterior);
    add(sums.norm, lane, posterior);
    add(sums.evidence, lane, block.predicted[part] * block.likelihood[part]);
    add(sums.cosine, lane, posterior * load(in.cosine->value + here));
    add(sums.sine, lane, posterior * load(in.sine->value + here));
    add(sums.rate, lane, posterior * load(in.rate_total_hz->value + here));
  }
}

VTURN_ALWAYS_INLINE void copy_halos(Rows& rows) {
  for (size_t row = 0; row < kRows; ++row) {
    float* const p = rows.p[row];
    for (size_t lane = 0; lane < kLanes; lane += kPartLanes) {
      store(p + lane, load(p + kAngles + lane));
      store(p + kHalo + kAngles + lane, load(p + kHalo + lane));
    }
  }
}

VTURN_ALWAYS_INLINE Lanes add_rows(const Lanes* rows, size_t from, size_t to) {
  Lanes total = rows[from];
  for (size_t row = from + 1; row < to; ++row) {
    for (size_t lane = 0; lane < kLanes; lane += kPartLanes) add(total, lane, load(rows[row].lane + lane));
  }
  return total;
}

VTURN_ALWAYS_INLINE void finish(const StepInput& in, const Sums& sums, StepOutput& out) {
  Lanes velocity = {};
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t lane = 0; lane < kLanes; lane += kPartLanes) {
      add(velocity, lane, load(sums.row[row].lane + lane) * splat(in.dynamics->velocity_rad_s[row]));
    }
  }
  out.norm = sum(sums.norm);
  out.evidence = sum(sums.evidence);
  out.cosine = sum(sums.cosine);
  out.sine = sum(sums.sine);
  out.rate_hz = sum(sums.rate);
  out.right = sum(add_rows(sums.row, 0, kFirstRest));
  out.rest = sum(add_rows(sums.row, kFirstRest, kFirstLeft));
  out.left = sum(add_rows(sums.row, kFirstLeft, kRows));
  out.velocity_rad_s = sum(velocity);
}

}  // namespace

void VTURN_KERNEL_STEP(const StepInput& in, StepOutput& out) noexcept {
  RowPlan plan;
  plan_rows(in, plan);
  Sums sums = {};
  for (size_t angle = 0; angle < kAngles; angle += kBlockAngles) step_block(in, plan, angle, sums, out.marginal);
  copy_halos(*in.to);
  finish(in, sums, out);
}

}  // namespace vturn::kernel
