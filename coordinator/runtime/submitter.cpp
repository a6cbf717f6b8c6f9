#include "coordinator/runtime/submitter.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <filesystem>
#include <future>
#include <utility>

namespace espalier::runtime {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kPatienceForFirstWorker{5};

template <class T>
struct Answer {
  explicit Answer(const asio::any_io_executor& executor)
      : arrived(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer arrived;  // never expires; cancelled when the outcome is there
  std::optional<T> outcome;
  std::exception_ptr error;
};

// Writes a part while the next one is planned. A job of one part needs no second thread.
class PartWriter {
 public:
  struct Part {
    std::vector<job::Trial> trials;
    std::vector<job::Task> tasks;
  };
  explicit PartWriter(store::OpenSubmission& opened) : opened_(opened) {}

  void add(Part part) {
    if (latest_) {
      if (writing_.valid()) writing_.get();
      writing_ = std::async(std::launch::async, [this, earlier = std::move(*latest_)] {
        opened_.part(earlier.trials, earlier.tasks);
      });
    }
    latest_ = std::move(part);
  }
  void finish() {
    if (writing_.valid()) writing_.get();
    if (latest_) opened_.part(latest_->trials, latest_->tasks);
  }

 private:
  store::OpenSubmission& opened_;
  std::optional<Part> latest_;
  std::future<void> writing_;  // the last member: it waits for its thread when it goes
};

}  // namespace

Submitter::Submitter(artifact::ArtifactStore& artifacts, DeviceClasses& classes, std::string database,
                     JobFolders folders, asio::any_io_executor executor)
    : artifacts_(artifacts),
      classes_(classes),
      database_(std::move(database)),
      folders_(std::move(folders)),
      executor_(std::move(executor)) {}

Submitter::~Submitter() {
  classes_.stop();
  thread_.join();
}

template <class T>
asio::awaitable<T> Submitter::on_thread(std::function<T()> work) {
  auto answer = std::make_shared<Answer<T>>(executor_);  // shared with the thread: either may end first
  asio::post(thread_, [this, answer, work] {
    std::optional<T> outcome;
    std::exception_ptr error;
    try {
      outcome = work();
    } catch (const store::Unavailable&) {
      store_.reset();
      error = std::current_exception();
    } catch (...) {
      error = std::current_exception();
    }
    asio::post(executor_, [answer, outcome = std::move(outcome), error]() mutable {
      answer->outcome = std::move(outcome);
      answer->error = error;
      answer->arrived.cancel();
    });
  });
  while (!answer->outcome && !answer->error) {
    co_await answer->arrived.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (answer->error) std::rethrow_exception(answer->error);
  co_return std::move(*answer->outcome);
}

// The connection may have broken since it was last used: what can be repeated is tried once more.
template <class Work>
auto Submitter::ask_store(Work work) {
  if (store_) {
    try {
      return work(*store_);
    } catch (const store::Unavailable&) {
      store_.reset();
    }
  }
  return work(store());
}

asio::awaitable<SubmitOutcome> Submitter::submit(JobText job, std::int64_t epoch) {
  std::function<SubmitOutcome()> work = [this, job = std::move(job), epoch] {
    return submit_here(job, epoch);
  };
  co_return co_await on_thread(std::move(work));
}

asio::awaitable<std::size_t> Submitter::retry(JobId job, std::int64_t epoch) {
  std::function<std::size_t()> work = [this, job, epoch] {
    return ask_store([&](store::Store& store) { return store.retry(job, epoch); });
  };
  co_return co_await on_thread(std::move(work));
}

asio::awaitable<std::optional<SearchAdvice>> Submitter::advise(JobId job, std::size_t slots,
                                                               std::int64_t epoch) {
  std::function<std::optional<SearchAdvice>()> work = [this, job, slots, epoch] {
    return ask_store([&](store::Store& store) {
      return searches_.advise(store, job, slots, epoch,
                              [this](const auto& folder) { return surroundings_of(folder); });
    });
  };
  co_return co_await on_thread(std::move(work));
}

asio::awaitable<bool> Submitter::end_search(JobId job, std::string toml, std::string failure,
                                            std::int64_t epoch) {
  std::function<bool()> work = [this, job, hash = sha256_hex(toml), failure = std::move(failure), epoch] {
    return ask_store([&](store::Store& store) { return store.end_search(job, hash, failure, epoch); });
  };
  co_return co_await on_thread(std::move(work));
}

store::Store& Submitter::store() {
  if (!store_) {
    auto opened = store::Store::open(database_);
    if (!opened) throw store::Unavailable(opened.error().message);
    store_ = std::move(*opened);
  }
  return *store_;
}

Result<job::TrialModel> Submitter::trial_model(TrialId trial) {
  if (!reader_) {
    auto opened = store::Store::open(database_);
    if (!opened) throw store::Unavailable(opened.error().message);
    reader_ = std::move(*opened);
  }
  auto found = reader_->trial_model(trial);
  if (!found || !found->file || artifacts_.touch(found->file->file)) return found;
  return Error{ErrorKind::not_found,
               "the model of trial " + std::to_string(trial.value) + " is no longer among the artifacts",
               "restore them from the backup that has them, or train it again"};
}

// The connection may have broken since the submission before. Only here is it safe to try again unasked:
// nothing has been written yet.
std::unique_ptr<store::OpenSubmission> Submitter::begin(const store::Submission& submission,
                                                        std::int64_t epoch, std::optional<JobId> extends) {
  if (store_) {
    try {
      return store_->begin_submission(submission, epoch, extends);
    } catch (const store::Unavailable&) {
      store_.reset();
    }
  }
  return store().begin_submission(submission, epoch, extends);
}

SubmitOutcome Submitter::submit_here(const JobText& job, std::int64_t epoch) {
  reader_.reset();  // its connection may have broken since the plan that needed it
  const job::Surroundings surroundings = surroundings_of(job.folder);
  store::Submission submission{job.toml,      job.user, sha256_hex(job.toml), job.replace, job.folder,
                               job.by_search, {}};
  auto asked = job.asked;
  if (job.extends && !job.by_search) {
    const auto before = ask_store([&](store::Store& store) { return store.asked(*job.extends); });
    if (before) {
      auto meaning = meaning_of(job.toml, surroundings);
      if (!meaning.errors.empty()) return {std::nullopt, false, std::move(meaning.errors)};
      check_points(meaning.head, *before, *job.extends);
      submission.plan_hash = meaning.hash;
      asked = *before;
    }
  }
  auto opened = begin(submission, epoch, job.extends);
  if (job.extends || !opened->text_is_unfinished()) return write(job, asked, surroundings, *opened);
  opened.reset();
  // Does the text still mean the same tasks?
  auto meaning = meaning_of(job.toml, surroundings);
  SubmitOutcome outcome;
  outcome.errors = std::move(meaning.errors);
  if (!outcome.errors.empty()) return outcome;
  outcome.submitted = store().resume(submission, meaning.hash, epoch);
  outcome.resumed = outcome.submitted.has_value();
  if (outcome.resumed) return outcome;
  return write(job, asked, surroundings, *begin(submission, epoch, std::nullopt));
}

SubmitOutcome Submitter::write(const JobText& job, const std::vector<job::Proposal>& asked,
                               const job::Surroundings& surroundings, store::OpenSubmission& opened) {
  PartWriter writer(opened);
  job::PlanSink sink;
  sink.head = [&](const job::Plan& head) { opened.head(head); };
  sink.part = [&](std::vector<job::Trial> trials, std::vector<job::Task> tasks) {
    writer.add({std::move(trials), std::move(tasks)});
  };
  SubmitOutcome outcome;
  outcome.errors = job::plan_job(job.toml, surroundings, sink, &asked);
  if (!outcome.errors.empty()) return outcome;
  writer.finish();
  outcome.submitted = opened.finish();
  return outcome;
}

job::Surroundings Submitter::surroundings_of(const std::string& folder) {
  job::Surroundings surroundings = within(folders_, job::local_surroundings(folder));
  const auto look_up = surroundings.file;
  surroundings.file = [this, look_up, folder](const std::string& path) -> Result<ContentHash> {
    auto hash = look_up(path);
    if (!hash || artifacts_.touch(*hash)) return hash;
    return artifacts_.put(std::filesystem::path(folder) / path);
  };
  const auto until = std::chrono::steady_clock::now() + kPatienceForFirstWorker;
  surroundings.device_classes = [this, until](const job::Target& target) {
    return classes_.matching(target, until);
  };
  surroundings.trial = [this](TrialId trial) { return trial_model(trial); };
  return surroundings;
}

}  // namespace espalier::runtime
