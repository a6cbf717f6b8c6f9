#include "cli/run_document.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace espalier::cli {
namespace {

struct RungSum {
  std::int64_t epochs = 0, trials = 0;
  std::optional<double> best;
};

// What v1.rungs has of the trials that ended there, a row a group and rung.
json::array sums_by_rung(const json::array& trials, bool less_is_better) {
  std::map<std::pair<std::string, std::int64_t>, RungSum> sums;
  for (const auto& trial : trials) {
    if (!trial.at("rungs").is_array()) continue;
    for (const auto& rung : trial.at("rungs").as_array()) {
      auto& sum =
          sums[{std::string(trial.at("group").as_string()), rung.at("rung").to_number<std::int64_t>()}];
      sum.epochs = rung.at("epochs").to_number<std::int64_t>();
      ++sum.trials;
      if (!rung.at("value").is_number()) continue;
      const auto value = rung.at("value").to_number<double>();
      const auto best = sum.best.value_or(value);
      sum.best = less_is_better ? std::min(best, value) : std::max(best, value);
    }
  }
  json::array rows;
  for (const auto& [place, sum] : sums)
    rows.push_back(json::object{{"group_name", place.first},
                                {"rung", place.second},
                                {"epochs", sum.epochs},
                                {"trials", sum.trials},
                                {"best", sum.best ? json::value(*sum.best) : json::value(nullptr)}});
  return rows;
}

json::value search_in_full(const json::object& document) {
  const auto& told = document.at("job").at("search");
  if (!told.is_object()) return nullptr;
  auto search = told.as_object();
  const bool by_rungs = search.at("rungs").is_array();
  search.erase("generation");  // the last of the generations
  search["generations"] = by_rungs ? json::value(nullptr) : document.at("generations");
  if (by_rungs) {
    const auto* aim = document.at("objectives").as_object().if_contains(search.at("metric").as_string());
    search["rungs"] = sums_by_rung(document.at("trials").as_array(), aim != nullptr && *aim == "min");
  }
  return search;
}

}  // namespace

json::object run_document(const json::object& document) {
  const auto& summary = document.at("job").as_object();
  const auto& tasks = summary.at("tasks").as_object();
  json::array pareto;
  for (const auto& trial : document.at("trials").as_array())
    if (trial.at("pareto").as_bool()) pareto.push_back(trial.at("id"));
  return {
      {"job", summary.at("name")},
      {"job_id", summary.at("id")},
      {"state", summary.at("state")},
      {"trials", document.at("trials")},
      {"pareto", std::move(pareto)},
      {"search", search_in_full(document)},
      {"tasks",
       {{"total", tasks.at("total")}, {"executed", tasks.at("executed")}, {"reused", tasks.at("reused")}}}};
}

}  // namespace espalier::cli
