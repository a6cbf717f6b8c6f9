#include "coordinator/runtime/job_intake.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <utility>

#include "common/base/log.hpp"

namespace espalier::runtime {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kTasksInAPart = 5000;  // what one step of the core takes in

// While it lives, the core forgets nothing.
class UnderWay {
 public:
  UnderWay(Driver& driver, std::shared_ptr<const bool> driver_lives, std::optional<JobId> job,
           bool by_search = false)
      : driver_(driver), driver_lives_(std::move(driver_lives)), job_(job) {
    driver_.happen(core::SubmissionBegun{job_, by_search});
  }
  ~UnderWay() {
    if (*driver_lives_) driver_.happen(core::SubmissionEnded{job_});
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  Driver& driver_;
  std::shared_ptr<const bool> driver_lives_;
  std::optional<JobId> job_;
};

}  // namespace

template <class T>
T JobIntake::now(std::function<T(store::Store&)> question) {
  auto promise = std::make_shared<std::promise<T>>();
  std::future<T> answer = promise->get_future();
  store_.ask(
      [promise = std::move(promise), question](store::Store& store) {
        try {
          promise->set_value(question(store));
        } catch (...) {
          promise->set_exception(std::current_exception());
        }
      },
      [](const std::exception_ptr&) {});
  // A question that is refused, since what goes before it waits for the database, takes the promise along.
  answer.wait();
  try {
    return answer.get();
  } catch (const std::future_error&) {
    throw store::Unavailable("it went away while the coordinator began");
  }
}

JobIntake::JobIntake(Driver& driver, StoreThread& store, Submitter& submitter, asio::any_io_executor executor)
    : driver_(driver),
      store_(store),
      submitter_(submitter),
      doubtful_(executor, asio::steady_timer::time_point::max()) {}

void JobIntake::recover(const std::function<void()>& on_step) {
  const auto reign = now<store::Reign>([](store::Store& store) { return store.begin_epoch(); });
  epoch_ = reign.epoch;
  driver_.start(reign);
  const UnderWay under_way(driver_, alive_, std::nullopt);
  for (const JobId id : reign.unfinished) {
    const auto head = now<core::JobRow>([id](store::Store& store) { return store.job(id); });
    std::optional<std::int64_t> place = 0;
    while (place) {
      const auto page = now<store::TaskPage>(
          [id, place](store::Store& store) { return store.tasks(id, *place, kTasksInAPart); });
      place = page.next;
      core::JobAdded part{head, false, place.has_value()};
      part.row.tasks = page.tasks;
      driver_.happen(part);
      on_step();
    }
  }
  using Attempts = std::vector<core::OpenAttempt>;
  const core::AttemptsFound found{now<Attempts>([](store::Store& store) { return store.open_attempts(); })};
  log_about({{"epoch", reign.epoch}}, log::level::info, "epoch {}: {} unfinished jobs, {} attempts under way",
            reign.epoch, reign.unfinished.size(), found.attempts.size());
  driver_.happen(found);
}

// What was decided before is on record before the store reads, and until the end the core forgets nothing: so
// the rows that the store read can't be older than what the core knows.
asio::awaitable<SubmitOutcome> JobIntake::submit(JobText text) {
  const UnderWay under_way(driver_, alive_, text.extends, text.by_search);
  co_await committed();
  const bool by_search = text.by_search;
  SubmitOutcome outcome = co_await write(text);
  if (!outcome.submitted) co_return outcome;
  for (const JobId paused : outcome.submitted->paused) driver_.happen(core::JobPaused{paused});
  core::JobRow row = outcome.submitted->job;
  outcome.submitted->job.tasks.clear();
  if (outcome.resumed) {
    co_await add_pages(std::move(row), true);
  } else {
    co_await add_parts(std::move(row), by_search);
  }
  co_return outcome;
}

// A repetition finds the job that the first has written, and goes on with it. Of a search's own trials the
// search itself finds out.
asio::awaitable<SubmitOutcome> JobIntake::write(const JobText& text) {
  std::exception_ptr failure;
  try {
    co_return co_await submitter_.submit(text, epoch_);
  } catch (const store::Unavailable&) {
    failure = std::current_exception();
  }
  if (text.by_search) std::rethrow_exception(failure);
  if (text.extends) doubt();  // the repetition has nothing to add
  try {
    co_return co_await submitter_.submit(text, epoch_);
  } catch (const store::Unavailable&) {
    doubt();
    throw;
  }
}

asio::awaitable<std::size_t> JobIntake::retry(JobId job) {
  const UnderWay under_way(driver_, alive_, job);
  co_await committed();
  std::size_t asked = 0;
  try {
    asked = co_await submitter_.retry(job, epoch_);
  } catch (const store::Unavailable&) {
    doubt();
    throw;
  }
  core::JobRow row = co_await row_of(job);
  // Of a commit whose answer was lost the repetition says that nothing was left to ask for.
  if (asked > 0 || !core::is_terminal(row.state)) co_await add_pages(std::move(row), true);
  co_return asked;
}

asio::awaitable<void> JobIntake::read_again(JobId job) {
  const UnderWay under_way(driver_, alive_, job, true);
  co_await committed();
  core::JobRow row = co_await row_of(job);
  co_await add_pages(std::move(row), false, true);
}

void JobIntake::doubt() {
  may_have_lost_ = true;
  doubtful_.cancel();
}

asio::awaitable<void> JobIntake::find_lost() {
  for (;;) {
    while (!may_have_lost_) co_await doubtful_.async_wait(asio::as_tuple(asio::use_awaitable));
    may_have_lost_ = false;
    const UnderWay under_way(driver_, alive_, std::nullopt);
    co_await committed();
    std::function<std::vector<JobId>(store::Store&)> question = [](store::Store& store) {
      return store.unfinished_jobs();
    };
    const std::vector<JobId> jobs = co_await store_.result(std::move(question));
    log::warn("a submission's fate wasn't told: {} unfinished jobs are read again", jobs.size());
    for (const JobId job : jobs) {
      core::JobRow row = co_await row_of(job);
      if (!core::is_terminal(row.state)) co_await add_pages(std::move(row), false);
    }
  }
}

asio::awaitable<core::JobRow> JobIntake::row_of(JobId job) {
  std::function<core::JobRow(store::Store&)> question = [job](store::Store& store) { return store.job(job); };
  co_return co_await store_.result(std::move(question));
}

asio::awaitable<void> JobIntake::committed() {
  driver_.commit_now();
  std::function<bool(store::Store&)> nothing = [](store::Store&) { return true; };
  co_await store_.result(std::move(nothing));
}

// Others get their turn between the parts.
asio::awaitable<void> JobIntake::add_parts(core::JobRow row, bool by_search) {
  const std::vector<core::TaskRow> tasks = std::exchange(row.tasks, {});
  std::size_t from = 0;
  do {
    const std::size_t to = std::min(tasks.size(), from + kTasksInAPart);
    core::JobAdded part{row, true, to < tasks.size(), by_search};
    part.row.tasks.assign(tasks.begin() + static_cast<std::ptrdiff_t>(from),
                          tasks.begin() + static_cast<std::ptrdiff_t>(to));
    driver_.happen(part);
    from = to;
    co_await asio::post(asio::use_awaitable);
  } while (from < tasks.size());
}

asio::awaitable<void> JobIntake::add_pages(core::JobRow row, bool ask_again, bool by_search) {
  std::optional<std::int64_t> place = 0;
  while (place) {
    std::function<store::TaskPage(store::Store&)> question = [job = row.id, place](store::Store& store) {
      return store.tasks(job, *place, kTasksInAPart);
    };
    store::TaskPage page = co_await store_.result(std::move(question));
    place = page.next;
    core::JobAdded part{row, ask_again, place.has_value(), by_search};
    part.row.tasks = std::move(page.tasks);
    driver_.happen(part);
  }
}

}  // namespace espalier::runtime
