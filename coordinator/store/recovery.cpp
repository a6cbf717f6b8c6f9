#include "coordinator/store/recovery.hpp"

#include "coordinator/store/state_text.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

std::vector<TaskKey> split_keys(std::string_view text) {
  constexpr std::size_t kDigits = 64;
  std::vector<TaskKey> keys;
  for (std::size_t start = 0; start < text.size(); start += kDigits + 1) {
    keys.push_back(TaskKey{std::string(text.substr(start, kDigits))});
  }
  return keys;
}

}  // namespace

JobRow read_job(Transaction& transaction, JobId job) {
  const std::vector<Value> id{std::to_string(job.value)};
  const auto found = transaction.run(sql::job_row, id);
  ESPALIER_ASSERT(found.size() == 1);
  JobRow result{.id = job,
                .state = state_from<JobState>(found.text(0, 0)),
                .priority = found.integer(0, 1),
                .retries = static_cast<int>(found.integer(0, 2)),
                .timeout_s = found.real(0, 3),
                .memory_bytes = found.integer(0, 4),
                .tasks = {}};
  const auto tasks = transaction.run(sql::job_tasks, id);
  result.tasks.reserve(tasks.size());
  for (std::size_t row = 0; row < tasks.size(); ++row) {
    result.tasks.push_back({.key = TaskKey{std::string(tasks.text(row, 0))},
                            .state = state_from<TaskState>(tasks.text(row, 1)),
                            .exclusive = tasks.truth(row, 2),
                            .failures = static_cast<int>(tasks.integer(row, 3)),
                            .inputs = split_keys(tasks.text(row, 4))});
  }
  return result;
}

Recovered recover(Transaction& transaction) {
  Recovered result;
  result.epoch = transaction.run(sql::begin_epoch).integer(0, 0);
  result.next_attempt = transaction.run(sql::next_attempt).integer(0, 0);
  const auto jobs = transaction.run(sql::unfinished_jobs);
  for (std::size_t row = 0; row < jobs.size(); ++row) {
    result.jobs.push_back(read_job(transaction, JobId{jobs.integer(row, 0)}));
  }
  const auto attempts = transaction.run(sql::open_attempts);
  for (std::size_t row = 0; row < attempts.size(); ++row) {
    result.attempts.push_back({AttemptId{attempts.integer(row, 0)},
                               TaskKey{std::string(attempts.text(row, 1))},
                               WorkerName{std::string(attempts.text(row, 2))}});
  }
  return result;
}

void hold_epoch(Transaction& transaction, std::int64_t epoch) {
  const auto current = transaction.run(sql::hold_epoch).integer(0, 0);
  if (current != epoch) {
    throw Fenced("another coordinator has taken over this database: epoch " + std::to_string(current) +
                 " has begun, ours is " + std::to_string(epoch));
  }
}

}  // namespace espalier::store
