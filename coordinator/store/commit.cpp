#include "coordinator/store/commit.hpp"

#include <cmath>

#include "common/base/hash.hpp"
#include "coordinator/store/array_column.hpp"
#include "coordinator/store/state_text.hpp"
#include "coordinator/store/write_batch.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

std::vector<Assignment> start(Transaction& transaction, const std::vector<const StartAttempt*>& starts,
                              std::int64_t epoch) {
  ArrayColumn attempt, task, worker;
  std::vector<Assignment> result;
  for (const auto* each : starts) {
    attempt.add(each->attempt.value);
    task.add(each->task.value);
    worker.add(each->worker.value);
    result.push_back({each->attempt, {}, {}, {}});
  }
  const auto rows = transaction.run(sql::start_attempts,
                                    {attempt.text(), task.text(), worker.text(), std::to_string(epoch)});
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto& assignment = result.at(static_cast<std::size_t>(rows.integer(row, 0) - 1));
    if (assignment.spec.empty()) {
      assignment.task.value = rows.text(row, 1);
      assignment.spec = rows.text(row, 2);
    }
    if (rows.is_null(row, 3)) continue;
    assignment.inputs.push_back(
        {std::string(rows.text(row, 3)), std::string(rows.text(row, 4)), rows.integer(row, 5)});
  }
  return result;
}

// {NAME: number or null}
json::object values_of(const std::vector<wire::Metric>& metrics) {
  json::object values;
  for (const auto& metric : metrics) {
    const bool has_number = metric.value && std::isfinite(*metric.value);
    values[metric.name] = has_number ? json::value(*metric.value) : json::value(nullptr);
  }
  return values;
}

void write(Transaction& transaction, const std::vector<const EndAttempt*>& ends) {
  ArrayColumn attempt, state, reason, seconds, device_class, worker, late;
  for (const auto* end : ends) {
    attempt.add(end->attempt.value);
    state.add(state_text(end->state));
    reason.add(end->reason);
    seconds.add(end->seconds);
    device_class.add(end->device_class);
    worker.add(end->worker.value);
    if (end->late_metrics.empty())
      late.add_null();
    else
      late.add(clean_json(values_of(end->late_metrics)));
  }
  transaction.run(sql::end_attempts, {attempt.text(), state.text(), reason.text(), seconds.text(),
                                      device_class.text(), worker.text(), late.text()});
}

void write(Transaction& transaction, const std::vector<const AcceptResult*>& results) {
  ArrayColumn task, attempt;
  ArrayColumn measured, measured_by, metric, value, unit, ci_low, ci_high, samples;
  ArrayColumn maker, made_by, role, hash, bytes;
  bool any = false;
  for (const auto* result : results) {
    task.add(result->task.value);
    attempt.add(result->attempt.value);
    any = any || !result->metrics.empty() || !result->outputs.empty();
    for (const auto& each : result->metrics) {
      measured.add(result->task.value);
      measured_by.add(result->attempt.value);
      metric.add(each.name);
      value.add(each.value);
      unit.add(each.unit);
      ci_low.add(each.ci_low);
      ci_high.add(each.ci_high);
      samples.add(each.samples);
    }
    for (const auto& output : result->outputs) {
      // What is no hash names nothing that we could have; PostgreSQL would refuse the whole batch for it.
      if (!is_sha256_hex(output.hash)) continue;
      maker.add(result->task.value);
      made_by.add(result->attempt.value);
      role.add(output.name);
      hash.add(output.hash);
      bytes.add(output.bytes);
    }
  }
  transaction.run(sql::accept_results, {task.text(), attempt.text()});
  if (!any) return;
  transaction.run(sql::add_results, {measured.text(), measured_by.text(), metric.text(), value.text(),
                                     unit.text(), ci_low.text(), ci_high.text(), samples.text(), maker.text(),
                                     made_by.text(), role.text(), hash.text(), bytes.text()});
}

void write(Transaction& transaction, const std::vector<const AddPoints*>& additions) {
  ArrayColumn task, attempt, name, step, value;
  for (const auto* addition : additions) {
    for (const auto& point : addition->points) {
      task.add(addition->task.value);
      attempt.add(addition->attempt.value);
      name.add(point.name);
      step.add(point.step);
      value.add(point.value);
    }
  }
  transaction.run(sql::add_points, {task.text(), attempt.text(), name.text(), step.text(), value.text()});
}

void write(Transaction& transaction, const std::vector<const SaveCheckpoint*>& checkpoints) {
  ArrayColumn task, attempt, step, hash, bytes;
  for (const auto* saved : checkpoints) {
    if (!is_sha256_hex(saved->checkpoint.hash)) continue;
    task.add(saved->task.value);
    attempt.add(saved->attempt.value);
    step.add(saved->checkpoint.step);
    hash.add(saved->checkpoint.hash);
    bytes.add(saved->checkpoint.bytes);
  }
  transaction.run(sql::save_checkpoints,
                  {task.text(), attempt.text(), step.text(), hash.text(), bytes.text()});
}

void write(Transaction& transaction, const std::vector<const AddLog*>& logs) {
  ArrayColumn attempt, worker, first, text;
  for (const auto* log : logs) {
    attempt.add(log->attempt.value);
    worker.add(log->worker.value);
    first.add(log->offset);
    text.add(log->text);
  }
  transaction.run(sql::add_logs, {attempt.text(), worker.text(), first.text(), text.text()});
}

void write(Transaction& transaction, const std::vector<const SetTask*>& tasks) {
  ArrayColumn key, state, failures, reason;
  for (const auto* task : tasks) {
    key.add(task->task.value);
    state.add(state_text(task->state));
    failures.add(std::int64_t{task->failures});
    reason.add(task->reason);
  }
  transaction.run(sql::set_tasks, {key.text(), state.text(), failures.text(), reason.text()});
}

void write(Transaction& transaction, const std::vector<const SetProgress*>& all) {
  ArrayColumn attempt, fraction;
  for (const auto* progress : all) {
    attempt.add(progress->attempt.value);
    fraction.add(progress->fraction);
  }
  transaction.run(sql::set_progress, {attempt.text(), fraction.text()});
}

void write(Transaction& transaction, const std::vector<const SetJob*>& jobs) {
  ArrayColumn id, state;
  for (const auto* job : jobs) {
    id.add(job->job.value);
    state.add(state_text(job->state));
  }
  transaction.run(sql::set_jobs, {id.text(), state.text()});
}

void write(Transaction& transaction, const std::vector<const SeeWorker*>& workers) {
  ArrayColumn name, session, device_class, slots, facts, alive;
  for (const auto* worker : workers) {
    name.add(worker->name.value);
    session.add(worker->session);
    device_class.add(worker->device_class);
    slots.add(std::int64_t{worker->slots});
    facts.add(clean_json(worker->facts));
    alive.add(worker->alive);
  }
  transaction.run(sql::see_workers, {name.text(), session.text(), device_class.text(), slots.text(),
                                     facts.text(), alive.text()});
}

void write(Transaction& transaction, const std::vector<const CordonWorker*>& cordons) {
  ArrayColumn name, cordoned;
  for (const auto* cordon : cordons) {
    name.add(cordon->name.value);
    cordoned.add(cordon->cordoned);
  }
  transaction.run(sql::cordon_workers, {name.text(), cordoned.text()});
}

}  // namespace

// Results and checkpoints are there before the attempts that take them as inputs begin, attempts begin before
// they end, and a task has its state before its progress: whichever order the kinds come in within a batch,
// that is the order they have for one row.
std::vector<Assignment> write_all(Transaction& transaction, const std::vector<Write>& writes,
                                  std::int64_t epoch) {
  const auto batch = sort_by_kind(writes);
  std::vector<Assignment> assignments;
  if (!batch.results.empty()) write(transaction, batch.results);
  if (!batch.checkpoints.empty()) write(transaction, batch.checkpoints);
  if (!batch.starts.empty()) assignments = start(transaction, batch.starts, epoch);
  if (!batch.logs.empty()) write(transaction, batch.logs);
  if (!batch.ends.empty()) write(transaction, batch.ends);
  if (!batch.points.empty()) write(transaction, batch.points);
  if (!batch.tasks.empty()) write(transaction, batch.tasks);
  if (!batch.progress.empty()) write(transaction, batch.progress);
  if (!batch.jobs.empty()) write(transaction, batch.jobs);
  if (!batch.workers.empty()) write(transaction, batch.workers);
  if (!batch.cordons.empty()) write(transaction, batch.cordons);
  return assignments;
}

}  // namespace espalier::store
