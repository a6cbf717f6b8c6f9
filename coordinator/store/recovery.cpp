#include "coordinator/store/recovery.hpp"

#include <charconv>

#include "coordinator/store/state_text.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

std::vector<TaskId> split_ids(std::string_view text) {
  std::vector<TaskId> ids;
  const char* end = text.data() + text.size();
  for (const char* place = text.data(); place < end; ++place) {
    TaskId id;
    place = std::from_chars(place, end, id.value).ptr;
    ids.push_back(id);
  }
  return ids;
}

std::vector<job::Target> targets_from(std::string_view stored) {
  std::vector<job::Target> targets;
  const auto list = parse_json(stored).value();
  for (const auto& each : list.as_array()) targets.push_back(target_from(each));
  return targets;
}

}  // namespace

job::Target target_from(const json::value& stored) {
  job::Target target;
  target.require = stored.at("require").as_string();
  for (const auto& term : stored.at("any_of").as_array()) target.any_of.emplace_back(term.as_string());
  return target;
}

JobRow read_job_row(Transaction& transaction, JobId job) {
  const auto found = transaction.run(sql::job_row, {std::to_string(job.value)});
  ESPALIER_ASSERT(found.size() == 1);
  return {.id = job,
          .state = state_from<JobState>(found.text(0, 0)),
          .priority = found.integer(0, 1),
          .user = std::string(found.text(0, 5)),
          .retries = static_cast<int>(found.integer(0, 2)),
          .timeout_s = found.real(0, 3),
          .memory_bytes = found.integer(0, 4),
          .max_parallel = found.integer(0, 6),
          .targets = targets_from(found.text(0, 7)),
          .searching = found.truth(0, 8),
          .search_failed = found.truth(0, 9),
          .tasks = {}};
}

TaskPage read_tasks(Transaction& transaction, JobId job, std::int64_t from, std::size_t limit) {
  const auto id = std::to_string(job.value);
  TaskPage page;
  transaction.run(sql::prefer_look_ups);
  const auto places = transaction.run(sql::job_tasks_page, {id, std::to_string(from), std::to_string(limit)});
  if (places.is_null(0, 0)) return page;
  const auto last = places.integer(0, 0);
  if (places.integer(0, 1) == static_cast<std::int64_t>(limit)) page.next = last + 1;
  const auto rows = transaction.run(sql::job_tasks, {id, std::to_string(from), std::to_string(last)});
  page.tasks.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    page.tasks.push_back({.id = TaskId{rows.integer(row, 1)},
                          .state = state_from<TaskState>(rows.text(row, 2)),
                          .exclusive = rows.truth(row, 3),
                          .preemptible = rows.truth(row, 6),
                          .target = static_cast<std::uint16_t>(rows.integer(row, 7)),
                          .failures = static_cast<int>(rows.integer(row, 4)),
                          .kind = static_cast<std::uint64_t>(rows.integer(row, 8)),
                          .work = rows.real(row, 9),
                          .inputs = split_ids(rows.text(row, 5))});
  }
  return page;
}

std::vector<OpenAttempt> read_open_attempts(Transaction& transaction) {
  const auto rows = transaction.run(sql::open_attempts);
  std::vector<OpenAttempt> attempts;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    attempts.push_back({AttemptId{rows.integer(row, 0)}, TaskId{rows.integer(row, 1)},
                        WorkerName{std::string(rows.text(row, 2))}, rows.truth(row, 3),
                        std::string(rows.text(row, 4))});
  }
  return attempts;
}

Reign begin_reign(Transaction& transaction) {
  Reign reign;
  transaction.run(sql::end_deposed_sessions);
  reign.epoch = transaction.run(sql::begin_epoch).integer(0, 0);
  transaction.run(sql::cancel_orphans);
  reign.next_attempt = transaction.run(sql::next_attempt).integer(0, 0);
  const auto cordoned = transaction.run(sql::cordoned_workers);
  for (std::size_t row = 0; row < cordoned.size(); ++row)
    reign.cordoned.push_back({std::string(cordoned.text(row, 0))});
  const auto paces = transaction.run(sql::recent_paces);
  for (std::size_t row = 0; row < paces.size(); ++row) {
    core::Pace& pace = reign.paces.emplace_back();
    pace.kind = static_cast<std::uint64_t>(paces.integer(row, 0));
    pace.device_class = paces.text(row, 1);
    pace.seconds = paces.real(row, 2);
  }
  reign.unfinished = read_unfinished_jobs(transaction);
  return reign;
}

std::vector<JobId> read_unfinished_jobs(Transaction& transaction) {
  const auto rows = transaction.run(sql::unfinished_jobs);
  std::vector<JobId> jobs;
  for (std::size_t row = 0; row < rows.size(); ++row) jobs.push_back({rows.integer(row, 0)});
  return jobs;
}

void hold_epoch(Transaction& transaction, std::int64_t epoch) {
  const auto current = transaction.run(sql::hold_epoch).integer(0, 0);
  if (current != epoch) {
    throw Fenced("another coordinator has taken over this database: epoch " + std::to_string(current) +
                 " has begun, ours is " + std::to_string(epoch));
  }
}

}  // namespace espalier::store
