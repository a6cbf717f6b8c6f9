// Names of operators as the graph knows them: symbol("aten::conv2d").
#pragma once

#include <ATen/core/symbol.h>

namespace espalier::runner {

inline c10::Symbol symbol(const char* name) {
  return c10::Symbol::fromQualString(name);
}

}  // namespace espalier::runner
