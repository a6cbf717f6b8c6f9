// What of the worker's environment its runners see.
#pragma once

#include <string_view>

namespace espalier::agent {

// Variables that libraries of a runner read, and ours but for those that sound like a secret. All others may
// be one.
bool is_for_runners(std::string_view name);

}  // namespace espalier::agent
