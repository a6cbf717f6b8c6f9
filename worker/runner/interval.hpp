// From where to where a number is believed to lie.
#pragma once

namespace espalier::runner {

struct Interval {
  double low = 0;
  double high = 0;
};

}  // namespace espalier::runner
