// What a submission means for a job that is there already: by another text, or by what its search asks for.
#include <algorithm>

#include "coordinator/store/recovery.hpp"
#include "coordinator/store/searches.hpp"
#include "coordinator/store/submission.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

std::string point_text(const std::vector<double>& point) {
  ArrayColumn column;
  for (const double number : point) column.add(number);
  return column.text();
}

// A search is extended by a search of its kind.
void check_search(const std::string& job, const json::value& known, const Value& wanted) {
  const auto name = [](const json::value& search) {
    return search.is_object() ? std::string(search.at("strategy").as_string()) : std::string();
  };
  const std::string before = name(known);
  const std::string now = wanted ? name(parse_json(*wanted).value()) : "";
  if (before == now) return;
  const auto in_words = [](const std::string& strategy) {
    return strategy.empty() ? std::string("has a plan from its beginning") : "searches by " + strategy;
  };
  throw ErrorException(Error{ErrorKind::invalid_job,
                             "job " + job + " " + in_words(before) + ", and this file " + in_words(now),
                             "submit it as a job of its own: what has a result isn't run again"});
}

}  // namespace

Error means_other_trials(JobId job) {
  return {ErrorKind::invalid_job,
          "what this file searches isn't what job " + std::to_string(job.value) +
              " has searched: its trials would be others",
          "only search.trials, the objectives and the constraints may change; submit it as a job of its own: "
          "what has a result isn't run again"};
}

void SubmissionWriter::begin_extension(const job::Plan& head) {
  job_ = std::to_string(extends_->value);
  if (!transaction_.run(sql::job_exists, {job_}).truth(0, 0)) {
    throw ErrorException(
        Error{ErrorKind::not_found, "there is no job " + job_, "`espalier jobs` lists them"});
  }
  if (submission_.by_search) {
    if (!transaction_.run(sql::search_is_by, {job_, submission_.text_hash}).truth(0, 0))
      throw Outdated("job " + job_ + " no longer searches by this text");
  } else {
    const auto known = transaction_.run(sql::job_search, {job_});
    check_search(job_, known.is_null(0, 0) ? json::value(nullptr) : parse_json(known.text(0, 0)).value(),
                 search_);
  }
  const auto places = transaction_.run(sql::job_places, {job_});
  next_place_ = places.integer(0, 0);
  next_trial_ = places.integer(0, 1);
  row_ = read_job_row(transaction_, *extends_);
  add_targets(head.targets);
}

// Likewise, but those are written too that are to be trained up to a further rung than before.
std::vector<SubmissionWriter::Chosen> SubmissionWriter::choose_searched(
    const std::vector<job::Trial>& trials) {
  ArrayColumn group, params;
  for (const auto& trial : trials) {
    group.add(trial.group);
    params.add(clean_json(trial.params));
  }
  const auto known = transaction_.run(sql::searched_trials, {job_, group.text(), params.text()});
  std::vector<Chosen> chosen;
  for (std::size_t place = 0; place < trials.size(); ++place) {
    if (auto each = choose_searched(trials[place], place, known)) chosen.push_back(std::move(*each));
  }
  return chosen;
}

std::optional<SubmissionWriter::Chosen> SubmissionWriter::choose_searched(const job::Trial& trial,
                                                                          std::size_t place,
                                                                          const Rows& known) {
  Chosen chosen{.place = place, .known = std::nullopt, .next_task = 0, .has = {}};
  const bool is_asked = !trial.point.empty();
  if (known.is_null(place, 0)) {
    if (is_asked && !submission_.by_search) throw ErrorException(means_other_trials(*extends_));
    return chosen;
  }
  const std::int64_t rung = known.is_null(place, 2) ? 0 : known.integer(place, 2);
  const bool goes_further = rung < static_cast<std::int64_t>(trial.rung);
  if (!is_asked || (submission_.by_search && !goes_further)) return std::nullopt;
  // What it has has to be what it would have: or the file, its data or our stages mean something else by now.
  std::set<std::int64_t> would_have;
  for (const auto& need : trial.tasks) would_have.insert(rows_.at(need.task).id.value);
  if (!known.is_null(place, 3)) {
    const auto tasks = parse_json(known.text(place, 3)).value();
    for (const auto& task : tasks.as_array()) chosen.has.insert(task.to_number<std::int64_t>());
  }
  if (!std::includes(would_have.begin(), would_have.end(), chosen.has.begin(), chosen.has.end()))
    throw ErrorException(means_other_trials(*extends_));
  if (!goes_further) return std::nullopt;
  chosen.known = known.integer(place, 0);
  chosen.next_task = known.integer(place, 1);
  return chosen;
}

// Where those lie that a search asked for. Of a job without one these columns stay empty.
void SubmissionWriter::add_points(const std::vector<job::Trial>& trials, const std::vector<Chosen>& chosen) {
  ArrayColumn point, generation, rung;
  for (const Chosen& each : chosen) {
    const job::Trial& given = trials[each.place];
    const auto up_to = static_cast<std::int64_t>(given.rung);
    if (!given.point.empty() && !given.tasks.empty()) told_.add(rows_.at(given.tasks.back().task).id.value);
    if (each.known) {
      raised_.add(*each.known);
      raised_to_.add(up_to);
      continue;
    }
    const bool by_halving = strategy_ == job::Search::Strategy::halving;
    const bool is_asked = !given.point.empty();
    is_asked ? point.add(point_text(given.point)) : point.add_null();
    is_asked && !by_halving ? generation.add(given.generation) : generation.add_null();
    is_asked&& by_halving ? rung.add(up_to) : rung.add_null();
  }
  points_ = {point.text(), generation.text(), rung.text()};
}

void SubmissionWriter::finish_extension() {
  const std::string targets = targets_column(row_.targets);
  if (strategy_) {
    transaction_.run(sql::raise_rungs, {raised_.text(), raised_to_.text()});
    transaction_.run(sql::tell_search, {job_, told_.text()});
  }
  if (submission_.by_search) {
    transaction_.run(sql::set_targets, {job_, targets});
    return;
  }
  transaction_.run(sql::extend_job, {job_, groups_, targets});
  row_.state = JobState::running;
  if (!strategy_) return;
  transaction_.run(sql::renew_search, {job_, clean_text(submission_.text), submission_.text_hash,
                                       submission_.plan_hash, clean_text(submission_.folder), search_});
  row_.searching = true;
  row_.search_failed = false;
}

}  // namespace espalier::store
