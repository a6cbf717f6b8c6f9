// Included first by clang-tidy. LibTorch 1.13 has vectors of types that are still incomplete, which is an error in clang
// where vectors are constexpr, as in C++20: here they aren't.
#pragma once

#pragma push_macro("_GLIBCXX20_CONSTEXPR")
#undef _GLIBCXX20_CONSTEXPR
#define _GLIBCXX20_CONSTEXPR
#include <vector>
#pragma pop_macro("_GLIBCXX20_CONSTEXPR")
