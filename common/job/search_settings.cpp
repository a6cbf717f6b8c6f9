#include "common/job/search_settings.hpp"

#include <string>
#include <string_view>

#include "common/job/section.hpp"

namespace espalier::job {
namespace {

constexpr std::int64_t kUsualPopulation = 16;

// A key of [search] that one strategy alone reads.
struct OwnKey {
  std::string_view key;
  std::string_view strategy;
  std::string_view meaning;
};
constexpr OwnKey kOwnKeys[] = {{"population", "nsga2", "how many points a generation has"},
                               {"reduction", "halving", "of how many trials at a rung one goes on"},
                               {"min_epochs", "halving", "how many epochs the first rung has"}};

void check_keys_are_read(const Node& search, std::string_view strategy, Diagnostics& diagnostics) {
  for (const auto& own : kOwnKeys) {
    const auto* member = search.member(own.key);
    if (member == nullptr || own.strategy == strategy) continue;
    diagnostics.add(code::kContradiction, member->name_span,
                    "`search." + std::string(own.key) + "` goes with the strategy " +
                        std::string(own.strategy) + ": it says " + std::string(own.meaning),
                    "leave it out, or write strategy = \"" + std::string(own.strategy) + "\"");
  }
  const auto* trials = search.member("trials");
  if (trials == nullptr || strategy != "grid") return;
  diagnostics.add(code::kContradiction, trials->name_span,
                  "`search.trials` goes with strategies that draw; a grid runs every point", "leave it out");
}

std::int64_t population_of(const Node& search, std::int64_t trials, Diagnostics& diagnostics) {
  const auto* written = valid(&search, "population");
  if (written == nullptr) {
    if (trials < kSmallestPopulation)
      diagnostics.add(code::kOutOfRange, valid(&search, "trials")->span,
                      "nsga2 needs at least 8 trials: no generation is smaller",
                      "raise `search.trials`, or write strategy = \"random\"");
    return std::min(kUsualPopulation, trials / 4 * 4);
  }
  const auto population = written->scalar.as_int64();
  if (population % 4 != 0) {
    diagnostics.add(code::kOutOfRange, written->span,
                    "`search.population` must be a multiple of 4: points are bred four at a time",
                    "write " + std::to_string((population + 3) / 4 * 4));
  } else if (population > trials) {
    diagnostics.add(code::kOutOfRange, written->span,
                    "a generation of " + std::to_string(population) + " points is more than the " +
                        std::to_string(trials) + " `trials`",
                    "raise `search.trials`: some generations are needed before the search has learnt");
  }
  return population;
}

Search adaptive(const Node& search, std::string_view strategy, const Sampling& sampling,
                const std::vector<Objective>& objectives, Diagnostics& diagnostics) {
  Search result;
  result.trials = sampling.trials;
  result.seed = sampling.seed;
  if (strategy == "nsga2") {
    result.strategy = Search::Strategy::nsga2;
    if (valid(&search, "trials") == nullptr) return result;  // reported
    result.population = static_cast<std::uint64_t>(
        population_of(search, static_cast<std::int64_t>(sampling.trials), diagnostics));
    return result;
  }
  result.strategy = Search::Strategy::halving;
  result.reduction = filled_in(table_of("search"), {&search}).at("reduction").as_int64();
  const auto decisive = std::find_if(objectives.begin(), objectives.end(), [](const Objective& objective) {
    return objective.metric == "accuracy" || objective.metric == "loss";
  });
  result.metric = decisive == objectives.end() ? "accuracy" : decisive->metric;
  result.maximize = decisive == objectives.end() || decisive->maximize;
  return result;
}

}  // namespace

SearchSettings read_search(const Node& root, const std::vector<Objective>& objectives,
                           Diagnostics& diagnostics) {
  const auto* search = root.find("search");
  if (search == nullptr || !search->is(NodeKind::table)) return {};
  const auto* strategy = valid(search, "strategy");
  if (strategy == nullptr && search->find("strategy") != nullptr) return {};
  const auto name = strategy == nullptr ? std::string_view("grid") : strategy->text();
  check_keys_are_read(*search, name, diagnostics);
  if (name == "grid") return {};
  if (search->find("trials") == nullptr)
    diagnostics.add(code::kMissing, search->member("strategy")->place(),
                    "`search.strategy` = " + in_ticks(name) + " needs to know how many trials to draw",
                    "add trials = 50");
  const auto job = filled_in(table_of("job"), {root.find("job")});
  const auto* trials = valid(search, "trials");
  const auto count =
      trials == nullptr ? std::uint64_t{1} : static_cast<std::uint64_t>(trials->scalar.as_int64());
  const auto most = name == "random" ? kMostTrials : kMostAdaptiveTrials;
  SearchSettings settings;
  settings.sampling = Sampling{std::min(count, most + 1), job.at("seed").as_int64(), ""};
  if (name == "random") return settings;
  settings.search = adaptive(*search, name, *settings.sampling, objectives, diagnostics);
  settings.min_epochs = filled_in(table_of("search"), {search}).at("min_epochs").as_int64();
  return settings;
}

}  // namespace espalier::job
