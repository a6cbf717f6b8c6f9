// A net that is timed in turns with another program's, by whoever writes to both: only one of them runs at a
// time, so the machine's mood meets both.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "worker/runner/models/model.hpp"

namespace espalier::runner {

// Prepares the best form for `batch` images and says {"form": name, "output": [N, classes]}. Then each line
// of `requests` is a number of forward passes, answered by {"seconds": [each pass]}, until `requests` ends or
// holds something else.
void time_in_turns(Model& model, std::int64_t batch, std::istream& requests, std::ostream& answers);

}  // namespace espalier::runner
