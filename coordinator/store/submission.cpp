#include "coordinator/store/submission.hpp"

#include <algorithm>
#include <future>
#include <utility>

#include "coordinator/store/array_column.hpp"
#include "coordinator/store/recovery.hpp"
#include "coordinator/store/searches.hpp"
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

bool saves_itself(job::Stage stage) {
  return stage == job::Stage::train || stage == job::Stage::distill || stage == job::Stage::finetune;
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

std::string targets_column(const std::vector<job::Target>& targets) {
  json::array result;
  for (const auto& target : targets)
    result.push_back(json::object{{"require", target.require},
                                  {"any_of", json::array(target.any_of.begin(), target.any_of.end())}});
  return clean_json(result);
}

void SubmissionWriter::head(const job::Plan& head) {
  ArrayColumn groups;
  for (const auto& group : head.groups) groups.add(group);
  groups_ = groups.text();
  search_ = search_column(head);
  if (head.search) strategy_ = head.search->strategy;
  if (extends_) {
    begin_extension(head);
  } else {
    job_ = transaction_
               .run(sql::insert_job,
                    {clean_text(head.name), clean_text(head.description), std::to_string(head.priority),
                     std::to_string(head.retries), to_text(head.timeout_s), std::to_string(head.memory_bytes),
                     groups.text(), clean_json(objectives_of(head)), clean_json(constraints_of(head)),
                     clean_text(submission_.text), submission_.text_hash, clean_text(submission_.user),
                     std::to_string(head.max_parallel), targets_column(head.targets),
                     clean_text(submission_.folder), search_})
               .text(0, 0);
    row_ = {.id = JobId{std::stoll(job_)},
            .state = JobState::running,
            .priority = head.priority,
            .user = clean_text(submission_.user),
            .retries = head.retries,
            .timeout_s = head.timeout_s,
            .memory_bytes = head.memory_bytes,
            .max_parallel = head.max_parallel,
            .targets = head.targets,
            .searching = search_.has_value(),
            .search_failed = false,
            .tasks = {}};
  }
}

// Those that the job has already keep their places.
void SubmissionWriter::add_targets(const std::vector<job::Target>& targets) {
  for (const auto& target : targets) {
    auto place = std::find(row_.targets.begin(), row_.targets.end(), target);
    if (place == row_.targets.end()) place = row_.targets.insert(place, target);
    target_places_.push_back(static_cast<std::uint16_t>(place - row_.targets.begin()));
  }
}

// PostgreSQL takes longer to write a part than we to build one: it writes while the next one gets its numbers
// and is built. A part's tasks are in no other, so that numbers don't depend on what isn't written yet.
void SubmissionWriter::part(const std::vector<job::Trial>& trials, const std::vector<job::Task>& tasks) {
  Transaction& numbering = built_.empty() ? transaction_ : beside_();
  std::future<void> writing;
  if (!built_.empty()) writing = std::async(std::launch::async, [this] { write_built(); });
  const std::size_t first = rows_.size();
  const auto is_new = number(tasks, numbering);
  const auto chosen = choose(trials);
  const auto numbers = numbering.run(sql::number_trials, {std::to_string(chosen.size())});
  hash_.add(tasks);
  std::vector<Value> parameters{job_};
  ArrayColumn kind, work;
  add_tasks(tasks, first, is_new, parameters, kind, work);
  add_trials(trials, chosen, numbers, parameters);
  for (const auto* column : {&kind, &work}) parameters.push_back(column->text());
  for (auto& column : points_) parameters.emplace_back(std::exchange(column, "{}"));
  if (writing.valid()) writing.get();
  built_ = std::move(parameters);
  if (extends_) write_built();  // the next part's trials are looked for among those that are there
}

void SubmissionWriter::write_built() {
  if (!built_.empty()) transaction_.run(sql::insert_part, std::exchange(built_, {}));
}

void SubmissionWriter::add_tasks(const std::vector<job::Task>& tasks, std::size_t first,
                                 const std::vector<bool>& is_new, std::vector<Value>& parameters,
                                 ArrayColumn& kind, ArrayColumn& work) {
  ArrayColumn id, key, stage, exclusive, state;
  std::string specs;  // a line each: JSON has no line breaks of its own
  for (std::size_t index = 0; index < tasks.size(); ++index) {
    if (!is_new[index]) continue;
    const auto& task = tasks[index];
    id.add(rows_[first + index].id.value);
    key.add(task.key.value);
    stage.add(job::to_string(task.stage));
    exclusive.add(task.exclusive);
    kind.add(static_cast<std::int64_t>(task.kind));
    work.add(task.work);
    if (!specs.empty()) specs += '\n';
    specs += json::serialize(task.spec);
    state.add(state_text(rows_[first + index].state));
  }
  for (const auto* column : {&id, &key, &stage, &exclusive}) parameters.push_back(column->text());
  parameters.push_back(clean_text(specs));
  parameters.push_back(state.text());
  add_inputs(tasks, first, is_new, parameters);
}

// Gives each task its row, with the number of the one that is there already or a new one. Returns which are
// new.
std::vector<bool> SubmissionWriter::number(const std::vector<job::Task>& tasks, Transaction& transaction) {
  ArrayColumn keys;
  for (const auto& task : tasks) keys.add(task.key.value);
  const auto found = transaction.run(sql::number_tasks, {keys.text()});
  ESPALIER_ASSERT(found.size() == tasks.size());
  std::vector<bool> is_new;
  for (std::size_t row = 0; row < tasks.size(); ++row) {
    TaskRow& each = rows_.emplace_back();
    each.id.value = found.integer(row, 0);
    each.exclusive = tasks[row].exclusive;
    each.preemptible = saves_itself(tasks[row].stage);
    each.kind = tasks[row].kind;
    each.work = tasks[row].work;
    each.target = static_cast<std::uint16_t>(target_places_.empty() ? tasks[row].target
                                                                    : target_places_.at(tasks[row].target));
    is_new.push_back(found.is_null(row, 1));
    if (is_new.back()) {
      each.state = waits_for_others(tasks[row]) ? TaskState::waiting : TaskState::ready;
    } else {
      each.state = state_from<TaskState>(found.text(row, 1));
      each.failures = static_cast<int>(found.integer(row, 2));
    }
  }
  in_job_.resize(rows_.size());
  return is_new;
}

void SubmissionWriter::add_inputs(const std::vector<job::Task>& tasks, std::size_t first,
                                  const std::vector<bool>& is_new, std::vector<Value>& parameters) {
  ArrayColumn task, ordinal, role, input_task, output, file;
  for (std::size_t index = 0; index < tasks.size(); ++index) {
    std::int64_t position = 0;
    TaskRow& row = rows_[first + index];
    for (const auto& input : tasks[index].inputs) {
      const bool is_file = input.task.value.empty();
      const TaskRow* other = is_file ? nullptr : &rows_.at(input.place);
      if (other != nullptr && other->state != TaskState::succeeded &&
          std::find(row.inputs.begin(), row.inputs.end(), other->id) == row.inputs.end()) {
        row.inputs.push_back(other->id);
      }
      if (!is_new[index]) continue;
      task.add(row.id.value);
      ordinal.add(position++);
      role.add(input.role);
      output.add(input.output);
      if (is_file) {
        input_task.add_null();
        file.add(input.file.value);
      } else {
        input_task.add(other->id.value);
        file.add_null();
      }
    }
  }
  for (const auto* column : {&task, &ordinal, &role, &input_task, &output, &file})
    parameters.push_back(column->text());
}

// The trials, what they need, and, of that, what the job didn't have yet.
void SubmissionWriter::add_trials(const std::vector<job::Trial>& trials, const std::vector<Chosen>& chosen,
                                  const Rows& numbers, std::vector<Value>& parameters) {
  ArrayColumn id, ordinal, group, params;
  ArrayColumn trial, position, role, needed;
  std::vector<std::size_t> new_to_job;
  written_ += chosen.size();
  for (std::size_t row = 0; row < chosen.size(); ++row) {
    const job::Trial& given = trials[chosen[row].place];
    const std::int64_t number = chosen[row].known.value_or(numbers.integer(row, 0));
    if (!chosen[row].known) {
      id.add(number);
      ordinal.add(next_trial_++);
      group.add(given.group);
      params.add(clean_json(given.params));
    }
    std::int64_t place = chosen[row].next_task;
    for (const auto& need : given.tasks) {
      if (chosen[row].has.contains(rows_.at(need.task).id.value)) continue;
      trial.add(number);
      position.add(place++);
      role.add(job::to_string(need.role));
      needed.add(rows_.at(need.task).id.value);
      if (!in_job_[need.task]) new_to_job.push_back(need.task);
      in_job_[need.task] = true;
    }
  }
  for (const auto* column : {&id, &ordinal, &group, &params, &trial, &position, &role, &needed})
    parameters.push_back(column->text());
  add_to_job(std::move(new_to_job), parameters);
  if (strategy_) add_points(trials, chosen);
}

// Which of the trials are to be written: all, but for those that an extended job has.
std::vector<SubmissionWriter::Chosen> SubmissionWriter::choose(const std::vector<job::Trial>& trials) {
  if (extends_ && strategy_) return choose_searched(trials);
  std::vector<Chosen> chosen(trials.size());
  for (std::size_t place = 0; place < trials.size(); ++place) chosen[place].place = place;
  if (!extends_) return chosen;
  ArrayColumn group, params;
  for (const auto& trial : trials) {
    group.add(trial.group);
    params.add(clean_json(trial.params));
  }
  const auto found = transaction_.run(sql::trials_to_add, {job_, group.text(), params.text()});
  chosen.resize(found.size());
  for (std::size_t row = 0; row < found.size(); ++row)
    chosen[row].place = static_cast<std::size_t>(found.integer(row, 0));
  return chosen;
}

void SubmissionWriter::add_to_job(std::vector<std::size_t> tasks, std::vector<Value>& parameters) {
  ArrayColumn place, task, reused, target;
  std::sort(tasks.begin(), tasks.end());  // inputs before those that need them
  for (const std::size_t index : tasks) {
    place.add(next_place_++);
    task.add(rows_[index].id.value);
    target.add(std::int64_t{rows_[index].target});
    reused.add(rows_[index].state == TaskState::succeeded);
    reuses_ = reuses_ || core::is_terminal(rows_[index].state);
    if (rows_[index].state != TaskState::succeeded) row_.tasks.push_back(rows_[index]);
  }
  parameters.emplace_back(extends_ ? "t" : "f");
  for (const auto* column : {&place, &task, &reused, &target}) parameters.push_back(column->text());
}

Submitted SubmissionWriter::finish() {
  write_built();
  // At the end: whoever changes this row meanwhile must not have to wait for us.
  if (extends_) {
    finish_extension();
  } else {
    transaction_.run(sql::set_plan_hash, {job_, hash_.hex()});
  }
  ArrayColumn ended;
  bool any_ended = false;
  // A search doesn't ask again for what has failed in its own job: which that is the core knows.
  for (const TaskRow& task : row_.tasks) {
    if (submission_.by_search || !core::is_terminal(task.state)) continue;
    ended.add(task.id.value);
    any_ended = true;
  }
  if (any_ended) transaction_.run(sql::ask_tasks_again, {job_, ended.text()});
  Submitted submitted{
      .job = std::move(row_), .paused = {}, .is_untouched = !extends_ && !reuses_, .trials = written_};
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
  Submitted submitted{
      .job = read_job_row(transaction, job), .paused = {}, .is_untouched = false, .trials = 0};
  if (submission.replace) submitted.paused = pause_others(transaction, std::to_string(job.value));
  return submitted;
}

std::size_t retry_job(Transaction& transaction, JobId job) {
  const auto id = std::to_string(job.value);
  const auto unsuccessful = transaction.run(sql::unsuccessful_tasks, {id});
  const bool searches = search_again(transaction, job, !unsuccessful.empty());
  if (unsuccessful.empty() && !searches) return 0;
  ArrayColumn tasks;
  for (std::size_t row = 0; row < unsuccessful.size(); ++row) tasks.add(unsuccessful.integer(row, 0));
  transaction.run(sql::ask_tasks_again, {id, tasks.text()});
  transaction.run(sql::resume_job, {id});
  return unsuccessful.size() + (searches ? 1 : 0);
}

}  // namespace espalier::store
