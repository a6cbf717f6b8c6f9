// Shell patterns on names of layers and parameters: * is any text (dots too), ? any character.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace espalier::runner {

bool matches_glob(std::string_view pattern, std::string_view text);
bool matches_any(const std::vector<std::string>& patterns, std::string_view text);

}  // namespace espalier::runner
