// Compiled once per instruction set (VTURN_KERNEL_STEP names the function); see kernel.hpp for what must not be here.
#include "daemon/decode/kernel.hpp"
#include "daemon/decode/lanes.hpp"

namespace vturn::kernel {
namespace {

constexpr size_t kFirstRest = kRightRows;
constexpr size_t kFirstLeft = kRightRows + kRestRows;

constexpr bool rests(size_t row) { return row >= kFirstRest && row < kFirstLeft; }

/// What each row's linear interpolation and exchange come to in this step. Field by field, so that the builds with
/// vectors work them many rows at a time.
struct RowPlan {
  int whole_bins[kRows];
  float near_weight[kRows];
  float far_weight[kRows];
  float stay[kRows];
  float up[kRows];
  float down[kRows];
  float enter[kRows];
};

VTURN_ALWAYS_INLINE void plan_movement(const StepInput& in, RowPlan& plan) {
  const float* const bins_per_s = in.dynamics->shift_bins_per_s;
  for (size_t row = 0; row < kRows; ++row) {
    const float shift_bins = bins_per_s[row] * in.dt_s;
    // Conversion truncates towards 0: a positive number by way of the halo's width gives the whole bins below.
    plan.whole_bins[row] = static_cast<int>(shift_bins + static_cast<float>(kHalo)) - static_cast<int>(kHalo);
    const float beyond = shift_bins - static_cast<float>(plan.whole_bins[row]);
    const float fraction = beyond > 0.0F ? beyond : 0.0F;  // the sum above may have rounded up
    plan.near_weight[row] = (1.0F - fraction) * in.inverse_norm;
    plan.far_weight[row] = fraction * in.inverse_norm;
  }
}

VTURN_ALWAYS_INLINE void plan_exchange(const StepInput& in, RowPlan& plan) {
  const Dynamics& dynamics = *in.dynamics;
  const float turn_leaves = dynamics.turn_to_rest_hz * in.dt_s, rest_leaves = dynamics.rest_to_turn_hz * in.dt_s;
  for (size_t row = 0; row < kRows; ++row) {
    plan.up[row] = dynamics.hop_up_hz[row] * in.dt_s;
    plan.down[row] = dynamics.hop_down_hz[row] * in.dt_s;
    plan.enter[row] = dynamics.enter[row];
    plan.stay[row] = 1.0F - (plan.up[row] + plan.down[row]);
  }
  for (size_t row = 0; row < kRows; ++row) plan.stay[row] = plan.stay[row] - (rests(row) ? rest_leaves : turn_leaves);
}

/// Parts that are worked together, row by row, so that a row's coefficients are fetched once for all of them.
constexpr size_t kGroups = kLanes / kPartLanes;
constexpr size_t kBlockParts = kGroups < 4 ? 4 : kGroups;
constexpr size_t kBlockAngles = kBlockParts * kPartLanes;
static_assert(kAngles % kBlockAngles == 0 && kBlockAngles % kLanes == 0);

struct Sums {
  Lanes row[kRows];
  Lanes norm, evidence, cosine, sine, rate;
};

/// A block's angles with what all rows need of them.
struct Block {
  size_t angle;
  Part into_turn[kBlockParts], into_rest[kBlockParts];  ///< what enters a mode: switches from the others, and the floor
  Part likelihood[kBlockParts], tempered[kBlockParts];
  Part turning[kBlockParts], resting[kBlockParts];  ///< predicted, summed over the rows of each kind
};

VTURN_ALWAYS_INLINE void prepare_block(const StepInput& in, Block& block) {
  // A step is short nearly always.
  const bool near_one = in.gain_dt_s * in.largest_excess_hz < kNearOne && in.temper <= 1.0F;
  const Part gain_dt = splat(-in.gain_dt_s), temper = splat(in.temper);
  const Part floor = splat(in.dynamics->floor);
  const Part turn_share = splat(0.5F * in.dynamics->rest_to_turn_hz * in.dt_s * in.inverse_norm);
  const Part rest_share = splat(in.dynamics->turn_to_rest_hz * in.dt_s * in.inverse_norm);
#pragma GCC unroll 16
  for (size_t part = 0; part < kBlockParts; ++part) {
    const size_t here = block.angle + part * kPartLanes;
    // Switches take place before the rows move: over one step no mode's sum moves by more than a fraction of a bin.
    block.into_turn[part] = load(in.from->resting + here) * turn_share + floor;
    block.into_rest[part] = load(in.from->turning + here) * rest_share + floor;
    const Part exponent = load(in.rate_excess_hz->value + here) * gain_dt;
    const Part tempered = exponent * temper;
    const Part likely = near_one ? exponential_near_one(exponent) : exponential(exponent);
    const Part likely_tempered = near_one ? exponential_near_one(tempered) : exponential(tempered);
    block.likelihood[part] = load(in.spike_ratio->value + here) * likely;
    block.tempered[part] = load(in.spike_tempered->value + here) * likely_tempered;
    block.turning[part] = block.resting[part] = splat(0.0F);
  }
}

VTURN_ALWAYS_INLINE void move_row(const StepInput& in, const RowPlan& plan, size_t row, size_t angle, Part* moved) {
  const float* const near = in.from->p[row] + kHalo + angle - plan.whole_bins[row];
  const Part near_weight = splat(plan.near_weight[row]);
  const Part far_weight = splat(plan.far_weight[row]);
#pragma GCC unroll 16
  for (size_t part = 0; part < kBlockParts; ++part) {
    const float* const here = near + part * kPartLanes;
    moved[part] = load(here) * near_weight + load(here - 1) * far_weight;
  }
}

VTURN_ALWAYS_INLINE void update_row(const StepInput& in, const RowPlan& plan, size_t row, Block& block,
                                    const Part* below, const Part* moved, const Part* above, Lanes& row_sum) {
  const Part stay = splat(plan.stay[row]);
  const Part enter = splat(plan.enter[row]);
  const Part up = splat(row > 0 ? plan.up[row - 1] : 0.0F);
  const Part down = splat(row + 1 < kRows ? plan.down[row + 1] : 0.0F);
  const Part* const into_mode = rests(row) ? block.into_rest : block.into_turn;
  Part* const mode = rests(row) ? block.resting : block.turning;
  float* const to = in.to->p[row] + kHalo + block.angle;
  Part sums[kGroups];
  for (size_t group = 0; group < kGroups; ++group) sums[group] = load(row_sum.lane + group * kPartLanes);
#pragma GCC unroll 16
  for (size_t part = 0; part < kBlockParts; ++part) {
    const Part kept = moved[part] * stay + into_mode[part] * enter;
    const Part predicted = kept + (below[part] * up + above[part] * down);
    mode[part] = mode[part] + predicted;
    const Part posterior = predicted * block.tempered[part];
    sums[part % kGroups] = sums[part % kGroups] + posterior;
    store(to + part * kPartLanes, posterior);
  }
  for (size_t group = 0; group < kGroups; ++group) store(row_sum.lane + group * kPartLanes, sums[group]);
}

VTURN_ALWAYS_INLINE void finish_block(const StepInput& in, const Block& block, Sums& sums, Circle& marginal) {
#pragma GCC unroll 16
  for (size_t part = 0; part < kBlockParts; ++part) {
    const size_t here = block.angle + part * kPartLanes;
    const size_t lane = here % kLanes;
    const Part predicted = block.turning[part] + block.resting[part];
    const Part posterior = predicted * block.tempered[part];
    store(in.to->turning + here, block.turning[part] * block.tempered[part]);
    store(in.to->resting + here, block.resting[part] * block.tempered[part]);
    store(marginal.value + here, posterior);
    add(sums.norm, lane, posterior);
    add(sums.evidence, lane, predicted * block.likelihood[part]);
    add(sums.cosine, lane, posterior * load(in.cosine->value + here));
    add(sums.sine, lane, posterior * load(in.sine->value + here));
    add(sums.rate, lane, posterior * load(in.rate_total_hz->value + here));
  }
}

VTURN_ALWAYS_INLINE void step_block(const StepInput& in, const RowPlan& plan, size_t angle, Sums& sums,
                                    Circle& marginal) {
  Block block;
  block.angle = angle;
  prepare_block(in, block);
  // A row needs its neighbours: three rows are at hand at a time. Beyond the ends the rates are 0.
  Part moved[3][kBlockParts];
  move_row(in, plan, 0, angle, moved[0]);
  for (size_t part = 0; part < kBlockParts; ++part) moved[2][part] = moved[0][part];
#pragma GCC unroll 17
  for (size_t row = 0; row < kRows; ++row) {
    Part* const above = moved[(row + 1) % 3];
    move_row(in, plan, row + 1 < kRows ? row + 1 : row, angle, above);
    update_row(in, plan, row, block, moved[(row + 2) % 3], moved[row % 3], above, sums.row[row]);
  }
  finish_block(in, block, sums, marginal);
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

void VTURN_KERNEL_STEP(const StepInput& input, StepOutput& out) noexcept {
  const StepInput in = input;  // a copy that no store can be suspected to change
  RowPlan plan;
  plan_movement(in, plan);
  plan_exchange(in, plan);
  Sums sums = {};
  for (size_t angle = 0; angle < kAngles; angle += kBlockAngles) step_block(in, plan, angle, sums, out.marginal);
  copy_halos(*in.to);
  finish(in, sums, out);
}

}  // namespace vturn::kernel
