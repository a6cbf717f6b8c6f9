// How fast the core is just now. Where a host runs two guests on the threads of one core, the neighbour takes
// units, cache and decoders from us: a net takes half as long again, and no clock or counter of ours tells. A
// fixed computation that keeps all of these full does.
#pragma once

#include <algorithm>
#include <limits>

namespace espalier::runner {

// The time of weighing and adding up 16 KB from the nearest cache, 40 times, over that of a chain of
// multiplications, which no neighbour slows down: a clock that changes its rate changes both. Takes 10 us; no
// unit, the less the faster. Zen 4: 2.50 within half a percent without a neighbour, 3.1 to 4.9 beside one.
double core_pace();

// The pace at full speed, from the least times of both parts: nothing makes one shorter than the core can do
// it, while the least of their ratios is that of a look in which something held up the multiplications. NaN
// before the first look.
struct LeastTimes {
  double adding_s = std::numeric_limits<double>::infinity();
  double products_s = std::numeric_limits<double>::infinity();

  void add(double adding, double products) {
    adding_s = std::min(adding_s, adding);
    products_s = std::min(products_s, products);
  }
  [[nodiscard]] double pace() const { return adding_s / products_s; }
};

double fastest_pace();  // by all looks of this thread

// Within this of fastest_pace() the core ran at full speed. A pace below that is of a look in which the
// multiplications were held up: it tells nothing good either.
constexpr double kFullSpeed = 0.05;
bool is_full_speed(double pace);
double worse_pace(double one, double other);  // which tells less of full speed

// Longer than this a look before and one behind don't speak for what was between.
constexpr double kPaceHolds_s = 0.01;

}  // namespace espalier::runner
