// The unfinished jobs, and the order in which they are served: higher priority first; then the user who has
// the smaller share of the slots, by their weights; then that user's job which has the fewer; then the older
// one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "coordinator/core/index_set.hpp"
#include "coordinator/core/target_table.hpp"
#include "coordinator/core/task_table.hpp"

namespace espalier::core {

using UserIndex = Id<struct UserIndexTag, std::uint32_t>;

// Ready tasks that end first on workers of this class, of about the same length.
struct Home {
  ClassIndex where;
  std::uint8_t size = 0;
  IndexSet ready;
};

// Tasks of a job that may run on the same workers.
struct Lane {
  TargetIndex target;
  IndexSet ready_exclusive;  // positions of ready tasks that need a host for themselves
  IndexSet ready;            // of those that share a worker, while nothing is expected of them
  std::vector<Home> homes;   // of the others: by class, the longest first; none is empty
  // Where the search for such in `ready` stands that have become others, if it is under way, and of how many
  // kinds something was known when it began.
  std::optional<std::uint32_t> sift_from;
  std::uint32_t sifted = 0;
  [[nodiscard]] bool shares() const { return !ready.empty() || !homes.empty(); }
  [[nodiscard]] bool empty() const { return !shares() && ready_exclusive.empty(); }
  [[nodiscard]] std::size_t size() const;
  void insert(const TaskRecord& task, std::uint32_t position);
  void erase(const TaskRecord& task, std::uint32_t position);
};

struct Job {
  JobId id;
  JobState state{};
  std::int64_t priority = 0;
  UserIndex user;
  int retries = 0;
  double timeout_s = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t max_parallel = 0;       // 0: no limit
  std::vector<TaskIndex> tasks;        // by position, in the plan's order
  std::vector<Lane> lanes;             // in the order of its targets
  std::vector<std::uint16_t> lane_of;  // by position; empty if there is one lane
  std::size_t unfinished = 0;          // tasks that haven't ended
  std::size_t unsuccessful = 0;        // tasks that failed or were cancelled
  std::int64_t attempts = 0;           // live ones that are on its account
  std::int64_t held = 0;               // slots that these take
  MonotonicTime served;                // when it was last given a worker, or came to have something ready
  bool incomplete = false;             // more tasks are about to come
  std::optional<JobState> commanded;   // by its user, since the last submission of it began
  bool searching = false;              // its search may ask for more
  bool search_failed = false;          // it couldn't go on
  bool search_is_due = false;          // something has changed that it may go by
  bool changed = false;                // in this step

  [[nodiscard]] Lane& lane(std::uint32_t position) { return lanes[lane_of.empty() ? 0 : lane_of[position]]; }
  [[nodiscard]] const Lane& lane(std::uint32_t position) const {
    return lanes[lane_of.empty() ? 0 : lane_of[position]];
  }
  [[nodiscard]] bool is_full() const { return max_parallel > 0 && attempts >= max_parallel; }
  [[nodiscard]] bool may_start() const;  // it runs, has ready tasks, and isn't full
};

class JobTable {
 public:
  explicit JobTable(std::map<std::string, double> weights) : weights_(std::move(weights)) {}

  [[nodiscard]] std::optional<JobIndex> find(JobId id) const;
  JobIndex add(JobId id, std::int64_t priority, const std::string& user);
  void remove(JobIndex job);
  Job& operator[](JobIndex job) { return *jobs_[job.value]; }
  const Job& operator[](JobIndex job) const { return *jobs_[job.value]; }

  // Puts the job into or takes it out of the order, after its state, its ready sets or its attempts have
  // changed. True if it has come in.
  bool reorder(JobIndex job);
  // An attempt that takes so many slots is on the job's account, and its user's; negative: no longer. The job
  // may be gone by then.
  void charge(std::optional<JobIndex> job, UserIndex user, int slots);

  // visit(JobIndex) -> bool: whether to go on. Of the jobs that may start something, in their order.
  template <class Visit>
  void visit_in_order(Visit&& visit) const {
    for (const auto& [negated_priority, level] : levels_) {
      for (const auto& [share, user] : level.users) {
        for (const Place& place : level.jobs.at(user)) {
          if (!visit(place.job)) return;
        }
      }
    }
  }
  template <class Visit>  // visit(const Job&), of all of them
  void for_each(Visit&& visit) const {
    for (const auto& [id, index] : by_id_) visit(*jobs_[index.value]);
  }
  [[nodiscard]] std::size_t in_order() const { return in_order_; }
  [[nodiscard]] const std::string& user_name(UserIndex user) const { return users_[user.value].name; }
  [[nodiscard]] double share_of(UserIndex user) const;  // slots that it holds, by its weight

 private:
  struct Place {
    std::int64_t held = 0;
    JobId id;
    JobIndex job;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Level {
    std::set<std::pair<double, UserIndex>> users;  // those that have jobs here
    std::map<UserIndex, std::set<Place>> jobs;
  };
  struct User {
    std::string name;
    double weight = 1;
    std::int64_t held = 0;  // slots
  };
  void take_out(JobIndex job);
  void put_in(JobIndex job);
  UserIndex user(const std::string& name);

  std::map<std::string, double> weights_;
  std::vector<std::unique_ptr<Job>> jobs_;  // pointers: a Job must stay where it is while others are added
  std::vector<bool> is_in_order_;           // by job
  std::map<JobId, JobIndex> by_id_;
  std::vector<JobIndex> free_;
  std::vector<User> users_;  // everybody who ever had a job: a name each
  std::map<std::string, UserIndex> users_by_name_;
  std::map<std::int64_t, Level> levels_;  // by negated priority
  std::size_t in_order_ = 0;
};

}  // namespace espalier::core
