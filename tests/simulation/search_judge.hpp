// Watches searches: what an advice may ask for, given how the trials stand, by other means than those that it
// is made by; and that in the end everything was asked for that should have been.
#pragma once

#include <cstddef>
#include <vector>

#include "tests/simulation/store.hpp"

namespace espalier::simulation {

class SearchJudge {
 public:
  explicit SearchJudge(const Store& store) : store_(store) {}

  // Of a job that learns. `told` is what the advice goes by.
  void advised(const std::vector<search::Rules>& groups, const search::ToldByGroup& told, std::size_t slots,
               const search::JobAdvice& advice) const;
  void at_the_end() const;

 private:
  const Store& store_;
};

}  // namespace espalier::simulation
