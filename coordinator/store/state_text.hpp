// The names of states, as PostgreSQL's enums spell them.
#pragma once

#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace espalier::store {

template <class Enum>
std::string_view state_text(Enum state) {
  return boost::describe::enum_to_string(state, "");
}

template <class Enum>
Enum state_from(std::string_view text) {
  Enum state{};
  ESPALIER_ASSERT(boost::describe::enum_from_string(std::string(text).c_str(), state));
  return state;
}

}  // namespace espalier::store
