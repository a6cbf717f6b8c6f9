// Expressions that a test takes for right.
#pragma once

#include <gtest/gtest.h>

#include "common/match/expression.hpp"

namespace espalier::match {

inline Expression compiled(std::string_view text) {
  auto parsed = parse(text);
  EXPECT_TRUE(parsed.expression.has_value()) << text << "\n" << render(parsed.problems, text);
  return parsed.expression ? std::move(*parsed.expression) : *parse("false").expression;
}

}  // namespace espalier::match
