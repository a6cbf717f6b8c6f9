#include "coordinator/store/searches.hpp"

#include "coordinator/store/array_column.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

std::string_view name_of(job::Search::Strategy strategy) {
  switch (strategy) {
    case job::Search::Strategy::halving:
      return "halving";
    case job::Search::Strategy::nsga2:
      return "nsga2";
  }
  return "";
}

search::Told::State told_state(std::string_view trial) {
  if (trial == "succeeded") return search::Told::State::succeeded;
  if (trial == "failed" || trial == "cancelled") return search::Told::State::failed;
  return search::Told::State::open;
}

search::Told told_from(const Rows& rows, std::size_t row) {
  search::Told told;
  const auto point = parse_json(rows.text(row, 1)).value();
  for (const auto& number : point.as_array()) told.point.push_back(number.to_number<double>());
  told.generation = rows.integer(row, 2);
  told.rung = static_cast<std::size_t>(rows.integer(row, 3));
  told.state = told_state(rows.text(row, 4));
  if (!rows.is_null(row, 5)) {
    const auto rungs = parse_json(rows.text(row, 5)).value();
    for (const auto& value : rungs.as_array())
      told.rungs.push_back(value.is_null() ? std::nullopt : std::optional(value.to_number<double>()));
  }
  if (!rows.is_null(row, 6)) {
    const auto metrics = parse_json(rows.text(row, 6)).value();
    for (const auto& [name, value] : metrics.as_object())
      told.metrics[std::string(name)] = value.to_number<double>();
  }
  return told;
}

}  // namespace

Value search_column(const job::Plan& head) {
  if (!head.search) return std::nullopt;
  json::object rungs;
  for (const auto& space : head.spaces)
    rungs[space.group] = json::array(space.rungs.begin(), space.rungs.end());
  return clean_json(json::object{{"strategy", name_of(head.search->strategy)},
                                 {"trials", head.search->trials},
                                 {"metric", head.search->metric},
                                 {"maximize", head.search->maximize},
                                 {"rungs", std::move(rungs)}});
}

std::optional<Searching> read_searching(Transaction& transaction, JobId job) {
  const auto id = std::to_string(job.value);
  const auto found = transaction.run(sql::search_of_job, {id});
  if (found.empty()) return std::nullopt;
  Searching searching;
  searching.text = found.text(0, 0);
  searching.text_hash = found.text(0, 1);
  searching.folder = found.text(0, 2);
  const auto rows = transaction.run(sql::told_trials, {id});
  for (std::size_t row = 0; row < rows.size(); ++row)
    searching.told[std::string(rows.text(row, 0))].push_back(told_from(rows, row));
  return searching;
}

std::optional<std::vector<job::Proposal>> read_asked(Transaction& transaction, JobId job) {
  const auto id = std::to_string(job.value);
  const auto known = transaction.run(sql::job_search, {id});
  if (known.empty() || known.is_null(0, 0)) return std::nullopt;
  const auto rows = transaction.run(sql::told_trials, {id});
  std::vector<job::Proposal> asked;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto told = told_from(rows, row);
    asked.push_back({std::string(rows.text(row, 0)), told.point, told.generation, told.rung});
  }
  return asked;
}

void add_generations(Transaction& transaction, JobId job, const std::string& group,
                     const std::vector<search::Generation>& generations) {
  ArrayColumn number, trials, feasible, front, hypervolume;
  for (const auto& each : generations) {
    number.add(each.number);
    trials.add(static_cast<std::int64_t>(each.trials));
    feasible.add(static_cast<std::int64_t>(each.feasible));
    front.add(static_cast<std::int64_t>(each.front));
    hypervolume.add(each.hypervolume);
  }
  transaction.run(sql::add_generations, {std::to_string(job.value), group, number.text(), trials.text(),
                                         feasible.text(), front.text(), hypervolume.text()});
}

bool end_search(Transaction& transaction, JobId job, const std::string& text_hash,
                const std::string& failure) {
  const auto ended =
      transaction.run(sql::end_search, {std::to_string(job.value), text_hash, clean_text(failure)});
  return ended.integer(0, 0) > 0;
}

bool search_again(Transaction& transaction, JobId job, bool trials_run_again) {
  return !transaction.run(sql::search_again, {std::to_string(job.value), trials_run_again ? "t" : "f"})
              .empty();
}

}  // namespace espalier::store
