#include "coordinator/search/nsga2.hpp"

#include <algorithm>
#include <map>

#include "coordinator/search/breed.hpp"
#include "coordinator/search/judge.hpp"
#include "coordinator/search/points.hpp"
#include "coordinator/search/progress.hpp"

namespace espalier::search {

namespace {

using Generations = std::map<std::int64_t, std::vector<std::size_t>>;

bool is_open(const Told& trial) {
  return trial.state == Told::State::open;
}

// Of all generations, one after the other: who is left, the best first.
std::vector<std::size_t> survivors(const Generations& generations, const std::vector<Judged>& judged,
                                   std::size_t population) {
  std::vector<std::size_t> pool;
  for (const auto& [number, members] : generations) {
    pool.insert(pool.end(), members.begin(), members.end());
    pool = best_of(judged, std::move(pool), population);
  }
  return pool;
}

}  // namespace

Advice advance_nsga2(const Rules& rules, const std::vector<Told>& told) {
  std::vector<Judged> judged;
  Generations generations;
  Tried tried(rules.space);
  for (std::size_t i = 0; i < told.size(); ++i) {
    judged.push_back(judge(rules, told[i]));
    generations[told[i].generation].push_back(i);
    if (belongs(rules.space, told[i].point)) tried.add(told[i].point);
  }
  Advice advice;
  advice.generations = progress(told, judged);
  if (std::any_of(told.begin(), told.end(), is_open)) return advice;

  const auto population = static_cast<std::size_t>(std::max<std::uint64_t>(rules.search.population, 1));
  std::vector<Point> parents;
  for (const auto trial : survivors(generations, judged, population))
    if (told[trial].state == Told::State::succeeded && belongs(rules.space, told[trial].point))
      parents.push_back(told[trial].point);
  const std::int64_t next = generations.empty() ? 0 : generations.rbegin()->first + 1;
  const auto left = rules.search.trials - std::min<std::uint64_t>(rules.search.trials, told.size());
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(population, left));
  for (auto& point : breed(rules, parents, tried, next, wanted))
    advice.next.push_back({rules.space.group, std::move(point), next, 0});
  advice.finished = advice.next.empty();
  return advice;
}

}  // namespace espalier::search
