// How fast the core is just now. Where a host runs two guests on the threads of one core, the neighbour takes
// load units and cache from us: a net takes half as long again, and no clock or counter of ours tells. A
// fixed computation that does nothing but load does. Measured on such a host: between two looks at full speed
// a matrix product took the same time within 0.1 % all along, over all its runs up to 19 % more.
#pragma once

namespace espalier::runner {

// The time of loading 200 KB from the nearest cache over that of a chain of multiplications, which no
// neighbour slows down: a clock that changes its rate changes both. Takes 10 us; no unit, the less the
// faster.
double core_pace();

// The least that this thread has seen: the eighth, for there are outliers. Infinite before that.
double fastest_pace();

// Up to here a net's own times were the same, in measurements beside a neighbour; from 1.1 on they weren't.
constexpr double kFullSpeed = 1.05;  // x fastest_pace()

// Longer than this a look before and one behind don't speak for what was between.
constexpr double kPaceHolds_s = 0.01;

}  // namespace espalier::runner
