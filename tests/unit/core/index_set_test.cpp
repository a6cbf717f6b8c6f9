#include "coordinator/core/index_set.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

namespace espalier::core {
namespace {

TEST(IndexSet, agrees_with_an_ordinary_set) {
  const bool holds = rc::check([] {
    IndexSet ours;
    std::set<std::uint32_t> theirs;
    const auto count = *rc::gen::inRange(1, 200);
    for (int i = 0; i < count; ++i) {
      const auto index =
          *rc::gen::element<std::uint32_t>(0, 1, 63, 64, 65, 4095, 4096, 4097, 262143, 262144, 300000);
      if (*rc::gen::arbitrary<bool>()) {
        ours.insert(index);
        theirs.insert(index);
      } else {
        ours.erase(index);
        theirs.erase(index);
      }
      RC_ASSERT(ours.size() == theirs.size());
      RC_ASSERT(ours.contains(index) == theirs.contains(index));
      const auto from =
          *rc::gen::element<std::uint32_t>(0, 1, 2, 64, 4000, 4096, 5000, 262144, 300000, 400000);
      const auto next = theirs.lower_bound(from);
      RC_ASSERT(ours.next(from) == (next == theirs.end() ? std::nullopt : std::optional(*next)));
      RC_ASSERT(ours.first() == (theirs.empty() ? std::nullopt : std::optional(*theirs.begin())));
    }
  });
  EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace espalier::core
