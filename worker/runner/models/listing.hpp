// The zoo as `espalier models` shows it, counted from built nets.
#pragma once

#include <functional>
#include <string_view>

#include "common/base/json.hpp"

namespace espalier::runner {

// [{"name", "family", "params", "macs", "input": [C, H, W]}], each with its parameters' fallbacks and for the
// images it was published for (job::ReferenceInput). Takes some seconds: every net is built and runs once;
// `on_net` hears of each before, and how many there are.
json::array list_zoo(
    const std::function<void(std::string_view name, std::size_t number, std::size_t count)>& on_net);

}  // namespace espalier::runner
