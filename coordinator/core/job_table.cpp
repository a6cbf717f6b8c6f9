#include "coordinator/core/job_table.hpp"

#include <algorithm>

#include "common/base/result.hpp"

namespace espalier::core {

std::size_t Lane::size() const {
  std::size_t sum = ready.size() + ready_exclusive.size();
  for (const Home& home : homes) sum += home.ready.size();
  return sum;
}

namespace {
std::vector<Home>::iterator place_of(std::vector<Home>& homes, const TaskRecord& task) {
  return std::lower_bound(homes.begin(), homes.end(), task, [](const Home& home, const TaskRecord& wanted) {
    return home.where != wanted.home ? home.where < wanted.home : home.size > wanted.size;
  });
}
}  // namespace

void Lane::insert(const TaskRecord& task, std::uint32_t position) {
  if (task.exclusive) return ready_exclusive.insert(position);
  if (task.home == kNoClass) return ready.insert(position);
  auto home = place_of(homes, task);
  if (home == homes.end() || home->where != task.home || home->size != task.size)
    home = homes.insert(home, Home{task.home, task.size, {}});
  home->ready.insert(position);
}

void Lane::erase(const TaskRecord& task, std::uint32_t position) {
  if (task.exclusive) return ready_exclusive.erase(position);
  if (task.home == kNoClass) return ready.erase(position);
  const auto home = place_of(homes, task);
  home->ready.erase(position);
  if (home->ready.empty()) homes.erase(home);
}

bool Job::may_start() const {
  return state == JobState::running && !is_full() &&
         std::any_of(lanes.begin(), lanes.end(), [](const Lane& lane) { return !lane.empty(); });
}

std::optional<JobIndex> JobTable::find(JobId id) const {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return found->second;
}

JobIndex JobTable::add(JobId id, std::int64_t priority, const std::string& user_name) {
  JobIndex index{static_cast<std::uint32_t>(jobs_.size())};
  if (free_.empty()) {
    jobs_.emplace_back();
    is_in_order_.push_back(false);
  } else {
    index = free_.back();
    free_.pop_back();
  }
  jobs_[index.value] = std::make_unique<Job>();
  Job& job = *jobs_[index.value];
  job.id = id;
  job.priority = priority;
  job.user = user(user_name);
  by_id_.emplace(id, index);
  return index;
}

void JobTable::remove(JobIndex job) {
  if (is_in_order_[job.value]) take_out(job);
  by_id_.erase(jobs_[job.value]->id);
  jobs_[job.value].reset();
  free_.push_back(job);
}

bool JobTable::reorder(JobIndex job) {
  const bool was_in = is_in_order_[job.value];
  const bool is_in = jobs_[job.value]->may_start();
  if (was_in == is_in) return false;
  is_in ? put_in(job) : take_out(job);
  return is_in;
}

void JobTable::charge(std::optional<JobIndex> job, UserIndex user, int slots) {
  User& payer = users_[user.value];
  const double before = share_of(user);
  payer.held += slots;
  const double after = share_of(user);
  for (auto& [negated_priority, level] : levels_) {
    if (level.users.erase({before, user}) > 0) level.users.emplace(after, user);
  }
  if (!job) return;
  const bool was_in = is_in_order_[job->value];
  if (was_in) take_out(*job);
  jobs_[job->value]->held += slots;
  jobs_[job->value]->attempts += slots > 0 ? 1 : -1;
  if (was_in) put_in(*job);
}

double JobTable::share_of(UserIndex user) const {
  return static_cast<double>(users_[user.value].held) / users_[user.value].weight;
}

void JobTable::put_in(JobIndex index) {
  const Job& job = *jobs_[index.value];
  Level& level = levels_[-job.priority];
  level.users.emplace(share_of(job.user), job.user);
  level.jobs[job.user].insert({job.held, job.id, index});
  is_in_order_[index.value] = true;
  ++in_order_;
}

void JobTable::take_out(JobIndex index) {
  const Job& job = *jobs_[index.value];
  const auto level = levels_.find(-job.priority);
  const auto of_user = level->second.jobs.find(job.user);
  of_user->second.erase({job.held, job.id, index});
  is_in_order_[index.value] = false;
  --in_order_;
  if (!of_user->second.empty()) return;
  level->second.jobs.erase(of_user);
  level->second.users.erase({share_of(job.user), job.user});
  if (level->second.jobs.empty()) levels_.erase(level);
}

UserIndex JobTable::user(const std::string& name) {
  const auto [place, is_new] =
      users_by_name_.try_emplace(name, UserIndex{static_cast<std::uint32_t>(users_.size())});
  if (is_new) {
    const auto weight = weights_.find(name);
    users_.push_back({name, weight == weights_.end() ? 1 : weight->second, 0});
  }
  return place->second;
}

}  // namespace espalier::core
