#include "coordinator/runtime/planner.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>

namespace espalier::runtime {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kPatienceForFirstWorker{5};

struct Answer {
  explicit Answer(const asio::any_io_executor& executor)
      : arrived(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer arrived;  // never expires; cancelled when the plan is there
  std::optional<job::Planned> planned;
  std::exception_ptr error;
};

}  // namespace

Planner::Planner(artifact::ArtifactStore& artifacts, DeviceClasses& classes, asio::any_io_executor executor)
    : artifacts_(artifacts), classes_(classes), executor_(std::move(executor)) {}

Planner::~Planner() {
  classes_.stop();
  thread_.join();
}

asio::awaitable<job::Planned> Planner::plan(std::string toml, std::string folder) {
  auto answer = std::make_shared<Answer>(executor_);  // shared with the thread: either may end first
  asio::post(thread_, [this, answer, toml, folder] {
    std::optional<job::Planned> planned;
    std::exception_ptr error;
    try {
      planned = plan_here(toml, folder);
    } catch (...) {
      error = std::current_exception();
    }
    asio::post(executor_, [answer, planned = std::move(planned), error]() mutable {
      answer->planned = std::move(planned);
      answer->error = error;
      answer->arrived.cancel();
    });
  });
  while (!answer->planned && !answer->error) {
    co_await answer->arrived.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (answer->error) std::rethrow_exception(answer->error);
  co_return std::move(*answer->planned);
}

job::Planned Planner::plan_here(const std::string& toml, const std::string& folder) {
  job::Surroundings surroundings = job::local_surroundings(folder);
  const auto look_up = surroundings.file;
  surroundings.file = [this, look_up, folder](const std::string& path) -> Result<ContentHash> {
    auto hash = look_up(path);
    if (!hash || artifacts_.has(*hash)) return hash;
    return artifacts_.put(std::filesystem::path(folder) / path);
  };
  surroundings.device_class = [this](const std::string& selector) {
    return classes_.resolve(selector, kPatienceForFirstWorker);
  };
  return job::plan_job(toml, surroundings);
}

}  // namespace espalier::runtime
