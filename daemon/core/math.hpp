#pragma once

namespace vturn::math {

// Our own elementary functions: built from IEEE additions, multiplications and divisions only, so that every machine,
// build type and libm gives the same bits, which the replay digest needs (DESIGN §2). Error below 2 ulp in the ranges
// the engine uses. Anything the engine computes uses these, never <cmath>'s transcendental functions.

/// e^x; 0 below -708, +inf above 709.
double exp(double x) noexcept;
/// Natural logarithm; -inf at 0, NaN below.
double log(double x) noexcept;
/// For |x| < 1e6 rad.
double sin(double x) noexcept;
double cos(double x) noexcept;
/// Angle of (x, y) in (-π, π]; 0 for the null vector.
double atan2(double y, double x) noexcept;

}  // namespace vturn::math
