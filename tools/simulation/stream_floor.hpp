#pragma once

namespace vturn::simulation {

/// Share of a core that it takes to receive so many bytes a second through a TCP connection of this machine, in pieces
/// of 1/234 s as RHX writes blocks, with nothing done to them but quick acknowledgements: measured for `seconds`.
double receive_floor(double bytes_per_s, double seconds);

}  // namespace vturn::simulation
