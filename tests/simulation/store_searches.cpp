// What is on record of searches, and what their jobs get by them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/simulation/store.hpp"

namespace espalier::simulation {

namespace {

constexpr std::int64_t kFirstNumber = 100;  // others have smaller ones

const search::Rules& rules_for(const std::vector<search::Rules>& rules, const std::string& group) {
  return *std::find_if(rules.begin(), rules.end(),
                       [&](const auto& each) { return each.space.group == group; });
}

}  // namespace

// A new job's search begins. One that is known goes on if there are more trials than before, or what failed
// or was cancelled of it is asked for again.
void Store::search_on(const Submission& submission, core::JobRow& known) {
  const SearchText& text = *submission.search;
  const auto [place, is_new] = searches_.try_emplace(known.id.value, Search{text, rules_of(text), {}});
  Search& search = place->second;
  if (!text.learns()) {
    search.text = text;
    search.rules = rules_of(text);
    for (const auto& rules : search.rules)
      for (const auto& point : rules.space.drawn)
        add_trial(search, {rules.space.group, point, 0, 0}, known, known);
    return;
  }
  const bool runs_again = std::any_of(known.tasks.begin(), known.tasks.end(), [&](const core::TaskRow& row) {
    const auto state = tasks_.at(row.id.value).row.state;
    return state == core::TaskState::failed || state == core::TaskState::cancelled;
  });
  const bool has_more = text.trials > search.text.trials;
  if (has_more) search = {text, rules_of(text), std::move(search.trials), std::move(search.generations)};
  if (!is_new && !has_more && !runs_again && known.state != core::JobState::cancelled) return;
  known.searching = true;
}

core::TaskId Store::number(PlannedTask planned, const Trial& trial) {
  const auto next = core::TaskId{kFirstNumber + static_cast<std::int64_t>(numbers_.size())};
  const auto [known, is_new] = numbers_.try_emplace(planned.key, next);
  if (!is_new) return known->second;
  planned.row.id = next;
  planned.row.state = planned.inputs.empty() ? core::TaskState::ready : core::TaskState::waiting;
  for (const auto input : planned.inputs) planned.row.inputs.push_back(trial.tasks.at(input));
  tasks_.emplace(next.value, Task{planned.row, planned.key});
  return next;
}

// Or trains it further.
void Store::add_trial(Search& search, const job::Proposal& proposal, core::JobRow& known,
                      core::JobRow& added) {
  const auto same = [&](const Trial& each) {
    return each.group == proposal.group && each.point == proposal.point;
  };
  auto trial = std::find_if(search.trials.begin(), search.trials.end(), same);
  if (trial == search.trials.end())
    trial = search.trials.insert(trial, {proposal.group, proposal.point, proposal.generation});
  trial->rung = proposal.rung;
  auto plan = plan_trial(rules_for(search.rules, proposal.group), proposal);
  for (std::size_t place = trial->tasks.size(); place < plan.size(); ++place) {
    const bool evaluates = plan[place].evaluates;
    const core::TaskId task = number(std::move(plan[place]), *trial);
    trial->tasks.push_back(task);
    if (evaluates) trial->evaluations.push_back(task);
    core::TaskRow row = tasks_.at(task.value).row;
    add_to(known, row);
    std::erase_if(row.inputs, [&](core::TaskId input) { return tasks_.at(input.value).results > 0; });
    if (row.state != core::TaskState::succeeded) add_to(added, row);
  }
}

bool Store::is_searching(JobId job) const {
  const core::JobRow& row = jobs_.at(job.value).row;
  return row.searching && row.state == core::JobState::running;
}

search::ToldByGroup Store::told(JobId job) const {
  const Search& search = searches_.at(job.value);
  search::ToldByGroup by_group;
  for (const Trial& trial : search.trials)
    by_group[trial.group].push_back(told(trial, rules_for(search.rules, trial.group)));
  return by_group;
}

search::Told Store::told(const Trial& trial, const search::Rules& rules) const {
  const auto is = [&](core::TaskState state) {
    return [this, state](core::TaskId task) { return tasks_.at(task.value).row.state == state; };
  };
  const auto& tasks = trial.tasks;
  search::Told told{trial.point, trial.generation, trial.rung, search::Told::State::open, {}, {}};
  if (std::any_of(tasks.begin(), tasks.end(), is(core::TaskState::failed)) ||
      std::any_of(tasks.begin(), tasks.end(), is(core::TaskState::cancelled)))
    told.state = search::Told::State::failed;
  else if (std::all_of(tasks.begin(), tasks.end(), is(core::TaskState::succeeded)))
    told.state = search::Told::State::succeeded;
  if (!rules.space.rungs.empty())
    for (const core::TaskId task : trial.evaluations)
      if (tasks_.at(task.value).results > 0) told.rungs.push_back(measured(task, rules.search.metric));
  for (const core::TaskId task : tasks)
    for (const auto& metric : tasks_.at(task.value).metrics)
      if (const auto value = measured(task, metric.name)) told.metrics.emplace(metric.name, *value);
  return told;
}

std::optional<double> Store::measured(core::TaskId task, const std::string& metric) const {
  for (const auto& each : tasks_.at(task.value).metrics)
    if (each.name == metric && each.value && std::isfinite(*each.value)) return each.value;
  return std::nullopt;
}

bool Store::is_as_measured(core::TaskId id) const {
  const Task& task = tasks_.at(id.value);
  const auto given = metrics_of(task.key);
  const auto same = [](const wire::Metric& a, const wire::Metric& b) {
    return a.name == b.name && a.value.has_value() == b.value.has_value() &&
           std::isnan(a.value.value_or(0)) == std::isnan(b.value.value_or(0)) &&
           (std::isnan(a.value.value_or(0)) || a.value == b.value);
  };
  return task.results == 0 ||
         std::equal(given.begin(), given.end(), task.metrics.begin(), task.metrics.end(), same);
}

std::optional<Store::Extended> Store::extend(JobId job, const SearchText& text,
                                             const std::vector<job::Proposal>& asked, std::int64_t ticket,
                                             std::int64_t epoch) {
  if (epoch != epoch_) return std::nullopt;
  core::JobRow& known = jobs_.at(job.value).row;
  Search& search = searches_.at(job.value);
  if (!known.searching || core::is_terminal(known.state) || search.text.trials != text.trials)
    return Extended{true};
  news_[ticket] = job.value;
  Extended extended{false, known};
  extended.job.tasks.clear();
  for (const job::Proposal& proposal : asked) {
    trace_.note(
        fmt::format("{} {} {} {}", job.value, proposal.group, proposal.rung, fmt::join(proposal.point, ",")));
    trace_.tell([&] {
      return fmt::format("job {} asks for {} {} up to rung {}, generation {}", job.value, proposal.group,
                         fmt::join(proposal.point, ","), proposal.rung, proposal.generation);
    });
    const auto trial = std::find_if(search.trials.begin(), search.trials.end(), [&](const Trial& each) {
      return each.group == proposal.group && each.point == proposal.point;
    });
    if (trial == search.trials.end())
      require(proposal.rung == 0, "a trial begins on the first rung");
    else
      require(proposal.rung == trial->rung + 1, "no trial is proposed twice, and none leaves out a rung");
    add_trial(search, proposal, known, extended.job);
  }
  extended.job = with_states(std::move(extended.job));
  return extended;
}

void Store::add_generations(JobId job, const search::JobAdvice& advice, std::int64_t epoch) {
  if (epoch != epoch_) return;
  auto& on_record = searches_.at(job.value).generations;
  for (const auto& [group, generations] : advice.generations)
    for (const auto& each : generations) on_record[group].insert(each.number);
}

// False if it was over before, or goes by another text.
bool Store::end_search(JobId job, const SearchText& text, std::int64_t epoch) {
  core::JobRow& known = jobs_.at(job.value).row;
  if (epoch != epoch_ || searches_.at(job.value).text.trials != text.trials) return false;
  trace_.tell([&] { return fmt::format("the search of job {} is over", job.value); });
  return std::exchange(known.searching, false);
}

}  // namespace espalier::simulation
