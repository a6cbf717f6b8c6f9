#include "coordinator/store/submission.hpp"

#include <algorithm>

#include "common/base/hash.hpp"
#include "coordinator/store/array_column.hpp"
#include "coordinator/store/recovery.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

constexpr std::size_t kRowsAtOnce = 5000;  // bounds the text of one statement's parameters

template <class Write>
void in_chunks(std::size_t count, Write write) {
  for (std::size_t from = 0; from < count; from += kRowsAtOnce)
    write(from, std::min(count, from + kRowsAtOnce));
}

// The same text can mean other tasks: a file it names changed, or a stage got a new version.
std::string plan_hash(const job::Plan& plan) {
  Sha256 hash;
  for (const auto& task : plan.tasks) hash.update(task.key.value);
  return hash.hex();
}

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

std::int64_t insert_job(Transaction& transaction, const job::Plan& plan, const Submission& submission,
                        const std::string& hash) {
  ArrayColumn groups;
  for (const auto& group : plan.groups) groups.add(group);
  return transaction
      .run(sql::insert_job,
           {clean_text(plan.name), clean_text(plan.description), std::to_string(plan.priority),
            std::to_string(plan.retries), to_text(plan.timeout_s), std::to_string(plan.memory_bytes),
            groups.text(), clean_json(objectives_of(plan)), clean_json(constraints_of(plan)),
            clean_text(submission.text), submission.text_hash, hash})
      .integer(0, 0);
}

void insert_tasks(Transaction& transaction, const job::Plan& plan) {
  in_chunks(plan.tasks.size(), [&](std::size_t from, std::size_t to) {
    ArrayColumn keys, stages, exclusive, specs;
    ArrayColumn task, ordinal, role, input_task, output, file;
    for (std::size_t index = from; index < to; ++index) {
      const auto& each = plan.tasks[index];
      keys.add(each.key.value);
      stages.add(job::to_string(each.stage));
      exclusive.add(each.exclusive);
      specs.add(json::serialize(each.spec));
      std::int64_t position = 0;
      for (const auto& input : each.inputs) {
        task.add(each.key.value);
        ordinal.add(position++);
        role.add(input.role);
        output.add(input.output);
        if (input.task.value.empty()) {
          input_task.add_null();
          file.add(input.file.value);
        } else {
          input_task.add(input.task.value);
          file.add_null();
        }
      }
    }
    transaction.run(sql::insert_tasks, {keys.text(), stages.text(), exclusive.text(), specs.text()});
    transaction.run(sql::insert_task_inputs, {task.text(), ordinal.text(), role.text(), input_task.text(),
                                              output.text(), file.text()});
  });
}

void insert_job_tasks(Transaction& transaction, const std::string& job, const job::Plan& plan) {
  in_chunks(plan.tasks.size(), [&](std::size_t from, std::size_t to) {
    ArrayColumn ordinal, task;
    for (std::size_t index = from; index < to; ++index) {
      ordinal.add(static_cast<std::int64_t>(index));
      task.add(plan.tasks[index].key.value);
    }
    transaction.run(sql::insert_job_tasks, {job, ordinal.text(), task.text()});
  });
}

void insert_trials(Transaction& transaction, const std::string& job, const job::Plan& plan) {
  in_chunks(plan.trials.size(), [&](std::size_t from, std::size_t to) {
    ArrayColumn ordinal, group, params;
    for (std::size_t index = from; index < to; ++index) {
      ordinal.add(static_cast<std::int64_t>(index));
      group.add(plan.trials[index].group);
      params.add(clean_json(plan.trials[index].params));
    }
    const auto ids = transaction.run(sql::insert_trials, {job, ordinal.text(), group.text(), params.text()});

    ArrayColumn trial, position, role, task;
    for (std::size_t row = 0; row < ids.size(); ++row) {
      std::int64_t place = 0;
      for (const auto& needed : plan.trials[static_cast<std::size_t>(ids.integer(row, 1))].tasks) {
        trial.add(ids.integer(row, 0));
        position.add(place++);
        role.add(job::to_string(needed.role));
        task.add(plan.tasks[needed.task].key.value);
      }
    }
    transaction.run(sql::insert_trial_tasks, {trial.text(), position.text(), role.text(), task.text()});
  });
}

}  // namespace

Submitted write_submission(Transaction& transaction, const job::Plan& plan, const Submission& submission) {
  Submitted submitted;
  const auto hash = plan_hash(plan);
  const auto found = transaction.run(sql::find_unfinished_job, {submission.text_hash, hash});
  submitted.resumed = !found.empty();
  const auto id = submitted.resumed ? found.integer(0, 0) : insert_job(transaction, plan, submission, hash);
  const auto job = std::to_string(id);
  if (submission.replace) {
    const auto paused = transaction.run(sql::pause_other_jobs, {job});
    for (std::size_t row = 0; row < paused.size(); ++row)
      submitted.paused.push_back(JobId{paused.integer(row, 0)});
  }
  if (submitted.resumed) {
    transaction.run(sql::resume_job, {job});
    transaction.run(sql::mark_reused_tasks, {job});
  } else {
    insert_tasks(transaction, plan);
    insert_job_tasks(transaction, job, plan);
    insert_trials(transaction, job, plan);
  }
  transaction.run(sql::ask_tasks_again, {job});
  submitted.job = read_job(transaction, JobId{id});
  return submitted;
}

}  // namespace espalier::store
