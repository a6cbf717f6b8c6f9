// A term that a worker fails, in words.
#pragma once

#include "common/match/expression.hpp"

namespace espalier::match {

FailedTerm failure_of(const Term& term, const json::object& facts);

}  // namespace espalier::match
