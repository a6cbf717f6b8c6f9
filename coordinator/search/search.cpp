#include "coordinator/search/search.hpp"

#include "coordinator/search/halving.hpp"
#include "coordinator/search/nsga2.hpp"

namespace espalier::search {

Advice advance(const Rules& rules, const std::vector<Told>& told, std::size_t slots) {
  switch (rules.search.strategy) {
    case job::Search::Strategy::halving:
      return advance_halving(rules, told, slots);
    case job::Search::Strategy::nsga2:
      return advance_nsga2(rules, told);
  }
  return {{}, true, {}};
}

}  // namespace espalier::search
