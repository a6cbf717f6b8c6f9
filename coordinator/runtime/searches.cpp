#include "coordinator/runtime/searches.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "common/base/log.hpp"

namespace espalier::runtime {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kWhileTheDatabaseIsAway{1};

std::string words_of(const std::vector<job::Diagnostic>& errors) {
  const auto& first = errors.front();
  return first.help.empty() ? first.message : first.message + ": " + first.help;
}

}  // namespace

Searches::Searches(Driver& driver, JobIntake& intake, Submitter& submitter, asio::any_io_executor executor)
    : driver_(driver),
      intake_(intake),
      submitter_(submitter),
      woken_(executor, asio::steady_timer::time_point::max()),
      pause_(executor) {
  driver_.set_follower({[this](JobId job) { is_due(job); }, [this] { workers_changed(); }});
}

void Searches::is_due(JobId job) {
  due_.insert(job);
  woken_.cancel();
}

// With more slots there may be more at once.
void Searches::workers_changed() {
  if (waiting_.empty()) return;
  const std::size_t slots = driver_.slots();
  if (slots <= slots_) return;
  due_.insert(waiting_.begin(), waiting_.end());
  woken_.cancel();
}

asio::awaitable<void> Searches::run() {
  for (;;) {
    while (due_.empty()) co_await woken_.async_wait(asio::as_tuple(asio::use_awaitable));
    const JobId job = *due_.begin();
    due_.erase(job);
    bool again = false;
    try {
      co_await look(job);
    } catch (const boost::system::system_error&) {
      throw;  // cancelled
    } catch (const std::exception& failure) {
      log::warn("the search of job {} waits: {}", job.value, failure.what());
      again = true;
    }
    if (!again) continue;
    due_.insert(job);
    pause_.expires_after(kWhileTheDatabaseIsAway);
    co_await pause_.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> Searches::look(JobId job) {
  slots_ = std::max<std::size_t>(1, driver_.slots());
  waiting_.erase(job);
  if (doubtful_.contains(job)) {
    co_await intake_.read_again(job);
    doubtful_.erase(job);
  }
  auto found = co_await submitter_.advise(job, slots_, intake_.epoch());
  if (!found) co_return;
  if (found->is_over) {
    log::info("the search of job {} has come to its end", job.value);
    driver_.happen(core::SearchEnded{job, found->failed});
    co_return;
  }
  const std::string toml = found->toml;
  std::string failure = found->failure;
  waiting_.insert(job);
  if (failure.empty() && !found->next.empty()) {
    doubtful_.insert(job);
    failure = co_await add(job, std::move(*found));
    doubtful_.erase(job);
  }
  if (failure.empty()) co_return;
  waiting_.erase(job);
  const bool ended = co_await submitter_.end_search(job, toml, failure, intake_.epoch());
  if (!ended) co_return is_due(job);  // it was ended before, or goes by another text
  log::error("the search of job {} can't go on: {}", job.value, failure);
  driver_.happen(core::SearchEnded{job, true});
}

// Returns why that isn't possible; empty if it is done, or no longer wanted.
asio::awaitable<std::string> Searches::add(JobId job, SearchAdvice advice) {
  JobText text;
  text.toml = std::move(advice.toml);
  text.folder = std::move(advice.folder);
  text.extends = job;
  text.by_search = true;
  text.asked = std::move(advice.next);
  try {
    const SubmitOutcome outcome = co_await intake_.submit(std::move(text));
    if (!outcome.errors.empty()) co_return words_of(outcome.errors);
    // Only what ends could bring it to other thoughts.
    if (outcome.submitted && outcome.submitted->trials == 0 && !advice.waits)
      co_return "it asks for nothing but trials that it has had already";
  } catch (const store::Outdated&) {
    // Its job has ended, or goes by another text: then that is looked at.
  } catch (const store::Unavailable&) {
    throw;
  } catch (const store::Fenced&) {
    throw;
  } catch (const boost::system::system_error&) {
    throw;  // cancelled
  } catch (const std::exception& refused) {
    co_return refused.what();
  }
  co_return "";
}

}  // namespace espalier::runtime
