#include "coordinator/core/worker_table.hpp"

#include <algorithm>

#include "common/base/result.hpp"

namespace espalier::core {

Worker* WorkerTable::find(const WorkerName& name) {
  const auto found = workers_.find(name);
  return found == workers_.end() ? nullptr : &found->second;
}

Worker& WorkerTable::add(const WorkerName& name, MonotonicTime lease_end) {
  Worker& worker = workers_[name];
  worker.name = name;
  worker.lease_end = lease_end;
  leases_.emplace(lease_end, name);
  return worker;
}

void WorkerTable::remove(const WorkerName& name) {
  Worker& worker = workers_.at(name);
  ESPALIER_ASSERT(worker.attempts.empty());
  set_draining(worker, false);
  worker.session.clear();
  reorder(worker);
  leases_.erase({worker.lease_end, name});
  workers_.erase(workers_.find(name));  // the caller's name may be the record's own
}

void WorkerTable::set_lease(Worker& worker, MonotonicTime end) {
  leases_.erase({worker.lease_end, worker.name});
  worker.lease_end = end;
  leases_.emplace(end, worker.name);
}

std::optional<MonotonicTime> WorkerTable::first_lease_end() const {
  if (leases_.empty()) return std::nullopt;
  return leases_.begin()->first;
}

Worker* WorkerTable::first_to_expire() {
  return leases_.empty() ? nullptr : find(leases_.begin()->second);
}

void WorkerTable::reorder(Worker& worker) {
  if (worker.order_load) open_.erase({*worker.order_load, worker.name});
  worker.order_load.reset();
  if (!worker.open()) return;
  worker.order_load = worker.attempts.size();
  open_.emplace(*worker.order_load, worker.name);
}

std::size_t WorkerTable::live() const {
  return static_cast<std::size_t>(std::count_if(workers_.begin(), workers_.end(),
                                                [](const auto& entry) { return entry.second.alive(); }));
}

std::optional<std::string> WorkerTable::common_device_class() const {
  std::optional<std::string> common;
  for (const auto& [name, worker] : workers_) {
    if (!worker.alive()) continue;
    if (common && *common != worker.device_class) return std::nullopt;
    common = worker.device_class;
  }
  return common;
}

void WorkerTable::set_draining(Worker& worker, bool draining) {
  if (worker.draining == draining) return;
  worker.draining = draining;
  draining ? ++draining_ : --draining_;
}

}  // namespace espalier::core
