// Which device classes there are for a job to be measured on, for the planning thread: told by the loop,
// asked by plans.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/json.hpp"
#include "common/job/plan.hpp"
#include "coordinator/core/writes.hpp"

namespace espalier::runtime {

class DeviceClasses {
 public:
  void see(const core::SeeWorker& worker);  // from the loop: it is there, or lost

  // From the planning thread: the classes of the workers that match, the one with the most workers first.
  // Waits for a first worker, at most until then: a job and the worker for it are often started together, and
  // the class is part of a benchmark's key. If none that matches is there, of those that have left: the next
  // one is most likely of the same kind.
  std::vector<std::string> matching(const job::Target& target, std::chrono::steady_clock::time_point until);
  void stop();  // nobody waits any more

 private:
  struct Known {
    std::string device_class;
    json::object facts;
  };
  std::mutex mutex_;
  std::condition_variable told_;
  std::map<WorkerName, Known> live_;
  std::map<std::string, json::object> gone_;  // by class: the facts of the last that left
  bool stopped_ = false;
};

}  // namespace espalier::runtime
