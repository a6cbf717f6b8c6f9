#include "coordinator/runtime/device_classes.hpp"

#include <algorithm>

#include "common/match/requirement.hpp"
#include "common/match/worker_facts.hpp"

namespace espalier::runtime {

void DeviceClasses::see(const core::SeeWorker& worker) {
  {
    const std::lock_guard lock(mutex_);
    if (worker.alive) {
      live_[worker.name] = {worker.device_class, match::worker_facts(worker.facts, worker.name.value,
                                                                     worker.slots, worker.device_class)};
    } else if (auto left = live_.extract(worker.name)) {
      gone_[left.mapped().device_class] = std::move(left.mapped().facts);
    }
  }
  told_.notify_all();
}

std::vector<std::string> DeviceClasses::matching(const job::Target& target,
                                                 std::chrono::steady_clock::time_point until) {
  const auto requirement = match::requirement_of(target.require, target.any_of);
  if (!requirement) return {};
  std::unique_lock lock(mutex_);
  told_.wait_until(lock, until, [this] { return stopped_ || !live_.empty(); });
  std::map<std::string, int> workers;
  for (const auto& [name, known] : live_) {
    if (requirement->matches(known.facts)) ++workers[known.device_class];
  }
  if (workers.empty()) {
    for (const auto& [device_class, facts] : gone_) {
      if (requirement->matches(facts)) ++workers[device_class];
    }
  }
  std::vector<std::string> classes;
  for (const auto& [device_class, count] : workers) classes.push_back(device_class);
  std::stable_sort(classes.begin(), classes.end(),
                   [&](const auto& a, const auto& b) { return workers.at(a) > workers.at(b); });
  return classes;
}

void DeviceClasses::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  told_.notify_all();
}

}  // namespace espalier::runtime
