// Why a task isn't given to a worker. Asks what assign.cpp asks, but says all that is in the way.
#include <algorithm>

#include <fmt/format.h>

#include "coordinator/core/core.hpp"

namespace espalier::core {

namespace {

void add(std::vector<Obstacle>& obstacles, std::string what, std::string change) {
  Obstacle& it = obstacles.emplace_back();
  it.what = std::move(what);
  it.change = std::move(change);
}

std::string in_gib(std::int64_t bytes) {
  return fmt::format("{:.4g} GiB", static_cast<double>(bytes) / (1024.0 * 1024.0 * 1024.0));
}

}  // namespace

std::optional<Core::Explanation> Core::explain(TaskId id) const {
  const auto task = tasks_.find(id);
  if (!task) return std::nullopt;
  const TaskRecord& record = tasks_[*task];
  Explanation result;
  result.state = record.state;
  if (record.state == TaskState::waiting) {
    add(result.obstacles, fmt::format("it waits for {} of its inputs", record.missing_inputs),
        "the tasks that make them have to succeed");
  } else if (is_held(record.state)) {
    const auto& live = attempts_.at(record.attempt.value);
    add(result.obstacles,
        fmt::format("attempt {} of it is with worker {}", record.attempt.value, live.worker.value), "");
  } else if (is_terminal(record.state)) {
    add(result.obstacles, "it has ended", "");
  }
  bool may_start = false;
  tasks_.for_each_job(*task, [&](JobIndex index, std::uint32_t) {
    const Job& job = jobs_[index];
    may_start = may_start || (job.state == JobState::running && !job.is_full());
  });
  if (!may_start) {
    tasks_.for_each_job(*task, [&](JobIndex index, std::uint32_t) {
      const Job& job = jobs_[index];
      if (job.state == JobState::paused) {
        add(result.obstacles, fmt::format("job {} is paused", job.id.value),
            fmt::format("`espalier resume {}`", job.id.value));
      } else if (job.is_full()) {
        add(result.obstacles,
            fmt::format("job {} has as many tasks under way as its limits.max_parallel = {} allows",
                        job.id.value, job.max_parallel),
            "one of these has to end, or the limit to be higher");
      }
    });
  }
  for (const WorkerName& name : workers_.names()) {
    result.workers.push_back({name, obstacles(*workers_.find(name), *task)});
  }
  return result;
}

// For the one of its jobs for which the least is in the way.
std::vector<Obstacle> Core::obstacles(const Worker& worker, TaskIndex task) const {
  std::optional<std::vector<Obstacle>> fewest;
  tasks_.for_each_job(task, [&](JobIndex index, std::uint32_t position) {
    auto found = obstacles(worker, task, jobs_[index], position);
    if (!fewest || found.size() < fewest->size()) fewest = std::move(found);
  });
  return std::move(fewest).value_or(std::vector<Obstacle>{});
}

std::vector<Obstacle> Core::obstacles(const Worker& worker, TaskIndex task, const Job& job,
                                      std::uint32_t position) const {
  std::vector<Obstacle> found;
  const Host& host = *worker.host;
  const bool exclusive = tasks_[task].exclusive;
  const TargetIndex target = job.lane(position).target;
  if (!worker.alive())
    add(found, "it hasn't come back since the coordinator was started", "it has to, before its lease ends");
  if (worker.cordoned)
    add(found, "it is cordoned", fmt::format("`espalier workers undrain {}`", worker.name.value));
  if (!targets_[target].problem.empty())
    add(found, "its target can't be read: " + targets_[target].problem, "`espalier extend` with another one");
  for (const auto& term : targets_[target].requirement.what_fails(worker.facts))
    add(found, fmt::format("{}: it has {}", term.term, term.has), term.wants);
  if (worker.memory_bytes > 0 && job.memory_bytes > worker.memory_bytes) {
    add(found, fmt::format("its memory is {}", in_gib(worker.memory_bytes)),
        fmt::format("limits.memory asks for {}", in_gib(job.memory_bytes)));
  } else if (!exclusive && !worker.has_memory_for(job.memory_bytes)) {
    add(found,
        fmt::format("of its {} of memory {} are reserved", in_gib(worker.memory_bytes),
                    in_gib(host.reserved_bytes)),
        fmt::format("{} have to be free", in_gib(job.memory_bytes)));
  }
  if (host.exclusive > 0) {
    add(found, "its host runs a benchmark, alone", "that has to end");
  } else if (exclusive && host.attempts > 0) {
    add(found,
        fmt::format("{} of our tasks run on its host, and a benchmark has one to itself", host.attempts),
        "they have to end");
  } else if (!worker.has_free_slot()) {
    add(found, fmt::format("its {} slots are taken", worker.slots), "a task of it has to end");
  } else if (!exclusive && host.drains_for) {
    add(found, "its host is kept free for a benchmark that comes first", "that has to run");
  }
  if (found.empty() && another_suits_better(worker, job, target, exclusive))
    add(found, "a worker that target.any_of names earlier is free", "");
  const TaskRecord& record = tasks_[task];
  if (found.empty() && record.home != kNoClass && record.home != worker.device && !helps(worker, record)) {
    add(found,
        fmt::format("it would take about {:.1f} s here; of its kind other workers need {:.1f} s, and are "
                    "free in {:.1f} s",
                    expected_seconds(record, worker.device), record.expected,
                    paces_.load(record.home).wait()),
        "they have to be busy for longer");
  }
  return found;
}

}  // namespace espalier::core
