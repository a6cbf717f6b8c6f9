// What the API shows of jobs with their trials and of workers, as the JSON of docs/how-it-works.md.
#pragma once

#include <map>
#include <set>

#include "coordinator/store/connection.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::store {

std::optional<json::object> read_job_document(Transaction& transaction, JobId job);
json::array read_workers(Transaction& transaction, bool with_facts);

// Which trials of a job stood on the Pareto front at which watermark. A trial that ends can take others off
// the front: they have changed too, though nothing was written for them.
class FrontHistory {
 public:
  using Front = std::set<std::int64_t>;
  [[nodiscard]] const Front* at(JobId job, std::int64_t watermark) const;
  void remember(JobId job, std::int64_t watermark, Front front);

 private:
  std::map<JobId, std::map<std::int64_t, Front>> fronts_;
};

json::array read_changed_trials(Transaction& transaction, JobId job, std::int64_t& watermark,
                                FrontHistory& history);

}  // namespace espalier::store
