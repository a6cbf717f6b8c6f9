#include "coordinator/store/comparisons.hpp"

#include "common/job/trial_model.hpp"
#include "coordinator/store/recovery.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

json::value number_or_null(const Rows& rows, std::size_t row, int column) {
  if (rows.is_null(row, column)) return nullptr;
  return json::value(rows.real(row, column));
}

json::object json_in(const Rows& rows, std::size_t row, int column) {
  if (rows.is_null(row, column)) return {};
  return parse_json(rows.text(row, column)).value().as_object();
}

job::PastTask task_in(const Rows& rows, std::size_t row) {
  job::PastTask task;
  task.stage = rows.text(row, 0);
  task.state = rows.text(row, 1);
  task.reason = rows.text(row, 2);
  task.spec = json_in(rows, row, 3);
  for (const auto& [role, hash] : json_in(rows, row, 4)) task.files.emplace(role, hash.as_string());
  if (!rows.is_null(row, 5)) task.model = rows.text(row, 5);
  if (!rows.is_null(row, 6)) task.target = target_from(parse_json(rows.text(row, 6)).value());
  return task;
}

json::object trial_in(const Rows& rows, std::size_t row) {
  return {{"id", rows.integer(row, 0)},
          {"job", json::object{{"id", rows.integer(row, 1)}, {"name", rows.text(row, 2)}}},
          {"group", rows.text(row, 3)},
          {"params", json_in(rows, row, 4)},
          {"accuracy", number_or_null(rows, row, 5)},
          {"accuracy_ci_low", number_or_null(rows, row, 6)},
          {"accuracy_ci_high", number_or_null(rows, row, 7)},
          {"size_bytes", number_or_null(rows, row, 8)}};
}

json::object comparison_in(const Rows& rows, std::size_t row) {
  const auto interval = [&](int column) {
    return json::array{number_or_null(rows, row, column), number_or_null(rows, row, column + 1)};
  };
  return {{"trial", rows.integer(row, 0)},     {"against", rows.integer(row, 1)},
          {"device_class", rows.text(row, 2)}, {"batch", rows.integer(row, 3)},
          {"threads", rows.integer(row, 4)},   {"p50_ms", number_or_null(rows, row, 5)},
          {"p50_ci_ms", interval(6)},          {"against_p50_ms", number_or_null(rows, row, 8)},
          {"against_p50_ci_ms", interval(9)},  {"ratio", number_or_null(rows, row, 11)},
          {"ratio_ci", interval(12)},          {"rounds", rows.integer(row, 14)},
          {"verdict", rows.text(row, 15)},     {"busy", number_or_null(rows, row, 16)},
          {"worker", rows.text(row, 17)},      {"measured_at", rows.text(row, 18)}};
}

}  // namespace

Result<job::TrialModel> read_trial_model(Transaction& transaction, TrialId trial) {
  const auto rows = transaction.run(sql::trial_to_compare, {std::to_string(trial.value)});
  if (rows.empty())
    return Error{ErrorKind::not_found, "there is no trial " + std::to_string(trial.value),
                 "the page, the table of `espalier run` and v1.trials have their numbers"};
  std::vector<job::PastTask> own;
  for (std::size_t row = 0; row < rows.size(); ++row)
    if (!rows.is_null(row, 0)) own.push_back(task_in(rows, row));
  return job::trial_model(trial, own);
}

std::optional<json::object> read_comparisons(Transaction& transaction, JobId job) {
  const auto id = std::to_string(job.value);
  if (!transaction.run(sql::job_exists, {id}).truth(0, 0)) return std::nullopt;
  const auto trials = transaction.run(sql::compared_trials, {id});
  const auto measured = transaction.run(sql::job_comparisons, {id});
  json::array all_trials, comparisons;
  for (std::size_t row = 0; row < trials.size(); ++row) all_trials.push_back(trial_in(trials, row));
  for (std::size_t row = 0; row < measured.size(); ++row) comparisons.push_back(comparison_in(measured, row));
  return json::object{{"trials", std::move(all_trials)}, {"comparisons", std::move(comparisons)}};
}

}  // namespace espalier::store
