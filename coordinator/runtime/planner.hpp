// Plans jobs on a thread of its own: parsing, expanding and hashing files take their time.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <string>

#include "common/artifact/artifact_store.hpp"
#include "common/job/plan.hpp"
#include "coordinator/runtime/device_classes.hpp"

namespace espalier::runtime {

class Planner {
 public:
  // `artifacts` keeps the files that jobs name; both outlive the planner.
  Planner(artifact::ArtifactStore& artifacts, DeviceClasses& classes, boost::asio::any_io_executor executor);
  ~Planner();  // waits for the plan under way

  // To be awaited on the executor.
  boost::asio::awaitable<job::Planned> plan(std::string toml, std::string folder);

 private:
  job::Planned plan_here(const std::string& toml, const std::string& folder);
  artifact::ArtifactStore& artifacts_;
  DeviceClasses& classes_;
  boost::asio::any_io_executor executor_;
  boost::asio::thread_pool thread_{1};
};

}  // namespace espalier::runtime
