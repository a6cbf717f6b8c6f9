#include "coordinator/store/submission.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "coordinator/store/array_column.hpp"
#include "coordinator/store/recovery.hpp"
#include "coordinator/store/state_text.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

json::array objectives_of(const job::Plan& plan) {
  json::array result;
  for (const auto& objective : plan.objectives) {
    result.push_back(json::object{{"metric", objective.metric}, {"maximize", objective.maximize}});
  }
  return result;
}

json::array constraints_of(const job::Plan& plan) {
  json::array result;
  for (const auto& constraint : plan.constraints) {
    result.push_back(json::object{
        {"metric", constraint.metric}, {"comparison", constraint.comparison}, {"bound", constraint.bound}});
  }
  return result;
}

bool waits_for_others(const job::Task& task) {
  return std::any_of(task.inputs.begin(), task.inputs.end(),
                     [](const job::TaskInput& input) { return !input.task.value.empty(); });
}

std::vector<JobId> pause_others(Transaction& transaction, const std::string& job) {
  const auto rows = transaction.run(sql::pause_other_jobs, {job});
  std::vector<JobId> paused;
  for (std::size_t row = 0; row < rows.size(); ++row) paused.push_back({rows.integer(row, 0)});
  return paused;
}

}  // namespace

void SubmissionWriter::head(const job::Plan& head) {
  ArrayColumn groups;
  for (const auto& group : head.groups) groups.add(group);
  groups_ = groups.text();
  if (extends_) {
    job_ = std::to_string(extends_->value);
    if (!transaction_.run(sql::job_exists, {job_}).truth(0, 0)) {
      throw ErrorException(
          Error{ErrorKind::not_found, "there is no job " + job_, "`espalier jobs` lists them"});
    }
    const auto places = transaction_.run(sql::job_places, {job_});
    next_place_ = places.integer(0, 0);
    next_trial_ = places.integer(0, 1);
  } else {
    job_ = transaction_
               .run(sql::insert_job,
                    {clean_text(head.name), clean_text(head.description), std::to_string(head.priority),
                     std::to_string(head.retries), to_text(head.timeout_s), std::to_string(head.memory_bytes),
                     groups.text(), clean_json(objectives_of(head)), clean_json(constraints_of(head)),
                     clean_text(submission_.text), submission_.text_hash})
               .text(0, 0);
  }
  row_ = read_job_row(transaction_, JobId{std::stoll(job_)});
}

void SubmissionWriter::part(const std::vector<job::Trial>& trials, const std::vector<job::Task>& tasks) {
  hash_.add(tasks);
  add_tasks(tasks);
  const auto chosen = add_trials(trials);
  add_needs(trials, chosen);
}

void SubmissionWriter::add_tasks(const std::vector<job::Task>& tasks) {
  if (tasks.empty()) return;
  ArrayColumn keys, stages, exclusive, specs;
  for (const auto& task : tasks) {
    keys.add(task.key.value);
    stages.add(job::to_string(task.stage));
    exclusive.add(task.exclusive);
    specs.add(json::serialize(task.spec));
  }
  const auto made =
      transaction_.run(sql::insert_tasks, {keys.text(), stages.text(), exclusive.text(), specs.text()});
  const auto first = rows_.size();
  ArrayColumn known, new_ids, new_states;
  std::unordered_map<std::string_view, std::size_t> places;  // of the known ones
  std::size_t row = 0;
  for (const auto& task : tasks) {
    TaskRow& each = rows_.emplace_back();
    each.exclusive = task.exclusive;
    if (row < made.size() && made.text(row, 1) == task.key.value) {
      each.id.value = made.integer(row++, 0);
      each.state = waits_for_others(task) ? TaskState::waiting : TaskState::ready;
      new_ids.add(each.id.value);
      new_states.add(state_text(each.state));
    } else {
      known.add(task.key.value);
      places[task.key.value] = rows_.size() - 1;
    }
  }
  ESPALIER_ASSERT(row == made.size());  // they come in the order in which they were given
  if (row > 0) transaction_.run(sql::insert_task_states, {new_ids.text(), new_states.text()});
  if (!places.empty()) {
    const auto found = transaction_.run(sql::known_tasks, {known.text()});
    ESPALIER_ASSERT(found.size() == places.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      TaskRow& each = rows_[places.at(found.text(i, 0))];
      each.id.value = found.integer(i, 1);
      each.state = state_from<TaskState>(found.text(i, 2));
      each.failures = static_cast<int>(found.integer(i, 3));
    }
  }
  in_job_.resize(rows_.size());
  add_inputs(tasks, first);
}

void SubmissionWriter::add_inputs(const std::vector<job::Task>& tasks, std::size_t first) {
  ArrayColumn task, ordinal, role, input_task, output, file;
  bool any = false;
  for (std::size_t index = 0; index < tasks.size(); ++index) {
    std::int64_t position = 0;
    TaskRow& row = rows_[first + index];
    for (const auto& input : tasks[index].inputs) {
      any = true;
      task.add(row.id.value);
      ordinal.add(position++);
      role.add(input.role);
      output.add(input.output);
      if (input.task.value.empty()) {
        input_task.add_null();
        file.add(input.file.value);
        continue;
      }
      const TaskRow& other = rows_.at(input.place);
      input_task.add(other.id.value);
      file.add_null();
      const bool known = std::find(row.inputs.begin(), row.inputs.end(), other.id) != row.inputs.end();
      if (other.state != TaskState::succeeded && !known) row.inputs.push_back(other.id);
    }
  }
  if (!any) return;
  transaction_.run(sql::insert_task_inputs,
                   {task.text(), ordinal.text(), role.text(), input_task.text(), output.text(), file.text()});
}

std::vector<SubmissionWriter::NewTrial> SubmissionWriter::add_trials(const std::vector<job::Trial>& trials) {
  ArrayColumn ordinal, group, params;
  for (std::size_t index = 0; index < trials.size(); ++index) {
    ordinal.add(next_trial_ + static_cast<std::int64_t>(index));
    group.add(trials[index].group);
    params.add(clean_json(trials[index].params));
  }
  const auto made = transaction_.run(extends_ ? sql::insert_further_trials : sql::insert_trials,
                                     {job_, ordinal.text(), group.text(), params.text()});
  std::vector<NewTrial> chosen;
  for (std::size_t row = 0; row < made.size(); ++row) {
    chosen.push_back({made.integer(row, 0), static_cast<std::size_t>(made.integer(row, 1) - next_trial_)});
  }
  next_trial_ += static_cast<std::int64_t>(trials.size());
  return chosen;
}

// What the new trials need, and, of that, what the job didn't have yet.
void SubmissionWriter::add_needs(const std::vector<job::Trial>& trials, const std::vector<NewTrial>& chosen) {
  ArrayColumn trial, position, role, needed;
  ArrayColumn place, task, reused;
  std::vector<std::size_t> new_to_job;
  for (const NewTrial& each : chosen) {
    std::int64_t ordinal = 0;
    for (const auto& need : trials[each.index].tasks) {
      trial.add(each.id);
      position.add(ordinal++);
      role.add(job::to_string(need.role));
      needed.add(rows_.at(need.task).id.value);
      if (!in_job_[need.task]) new_to_job.push_back(need.task);
      in_job_[need.task] = true;
    }
  }
  std::sort(new_to_job.begin(), new_to_job.end());  // inputs before those that need them
  for (const std::size_t index : new_to_job) {
    place.add(next_place_++);
    task.add(rows_[index].id.value);
    reused.add(rows_[index].state == TaskState::succeeded);
    reuses_ = reuses_ || core::is_terminal(rows_[index].state);
    if (rows_[index].state != TaskState::succeeded) row_.tasks.push_back(rows_[index]);
  }
  if (!chosen.empty()) {
    transaction_.run(sql::insert_trial_tasks, {trial.text(), position.text(), role.text(), needed.text()});
  }
  if (!new_to_job.empty()) {
    transaction_.run(extends_ ? sql::insert_further_job_tasks : sql::insert_job_tasks,
                     {job_, place.text(), task.text(), reused.text()});
  }
}

Submitted SubmissionWriter::finish() {
  // At the end: whoever changes this row meanwhile must not have to wait for us.
  if (extends_) {
    transaction_.run(sql::extend_job, {job_, groups_});
    row_.state = JobState::running;
  } else {
    transaction_.run(sql::set_plan_hash, {job_, hash_.hex()});
  }
  ArrayColumn ended;
  for (const TaskRow& task : row_.tasks) {
    if (core::is_terminal(task.state)) ended.add(task.id.value);
  }
  transaction_.run(sql::ask_tasks_again, {job_, ended.text()});
  Submitted submitted{.job = std::move(row_), .paused = {}, .is_untouched = !extends_ && !reuses_};
  if (submission_.replace) submitted.paused = pause_others(transaction_, job_);
  return submitted;
}

std::optional<Submitted> resume_job(Transaction& transaction, const Submission& submission,
                                    const std::string& plan_hash) {
  const auto found = transaction.run(sql::find_unfinished_job, {submission.text_hash, plan_hash});
  if (found.empty()) return std::nullopt;
  const JobId job{found.integer(0, 0)};
  retry_job(transaction, job);
  transaction.run(sql::resume_job, {std::to_string(job.value)});
  transaction.run(sql::mark_reused_tasks, {std::to_string(job.value)});
  Submitted submitted{.job = read_job_row(transaction, job), .paused = {}, .is_untouched = false};
  if (submission.replace) submitted.paused = pause_others(transaction, std::to_string(job.value));
  return submitted;
}

std::size_t retry_job(Transaction& transaction, JobId job) {
  const auto id = std::to_string(job.value);
  const auto unsuccessful = transaction.run(sql::unsuccessful_tasks, {id});
  if (unsuccessful.empty()) return 0;
  ArrayColumn tasks;
  for (std::size_t row = 0; row < unsuccessful.size(); ++row) tasks.add(unsuccessful.integer(row, 0));
  transaction.run(sql::ask_tasks_again, {id, tasks.text()});
  transaction.run(sql::resume_job, {id});
  return unsuccessful.size();
}

}  // namespace espalier::store
