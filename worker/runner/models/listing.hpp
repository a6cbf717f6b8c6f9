// The zoo as `espalier models` shows it, counted from built nets.
#pragma once

#include "common/base/json.hpp"

namespace espalier::runner {

// [{"name", "family", "params", "macs", "input": [C, H, W]}], each with its parameters' fallbacks and for the
// images it was published for (job::ReferenceInput). Takes some seconds: every net is built and runs once.
json::array list_zoo();

}  // namespace espalier::runner
