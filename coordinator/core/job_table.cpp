#include "coordinator/core/job_table.hpp"

namespace espalier::core {

std::optional<JobIndex> JobTable::find(JobId id) const {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return found->second;
}

JobIndex JobTable::add(JobId id) {
  JobIndex job{static_cast<std::uint32_t>(jobs_.size())};
  if (free_.empty()) {
    jobs_.emplace_back();
  } else {
    job = free_.back();
    free_.pop_back();
  }
  jobs_[job.value] = std::make_unique<Job>();
  jobs_[job.value]->id = id;
  by_id_.emplace(id, job);
  return job;
}

void JobTable::remove(JobIndex job) {
  const Job& gone = *jobs_[job.value];
  order_.erase({-gone.priority, gone.id, job});
  by_id_.erase(gone.id);
  jobs_[job.value].reset();
  free_.push_back(job);
}

void JobTable::reorder(JobIndex job) {
  const Job& it = *jobs_[job.value];
  const Place place{-it.priority, it.id, job};
  if (it.state == JobState::running && !(it.ready.empty() && it.ready_exclusive.empty())) {
    order_.insert(place);
  } else {
    order_.erase(place);
  }
}

}  // namespace espalier::core
