// Plans jobs and writes them into the store, part by part, on a thread and a connection of its own: parsing,
// expanding, hashing files and inserting a million rows take their time, and commits go on meanwhile.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/artifact/artifact_store.hpp"
#include "common/job/plan.hpp"
#include "coordinator/runtime/device_classes.hpp"
#include "coordinator/runtime/job_files.hpp"
#include "coordinator/runtime/search_book.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::runtime {

struct JobText {
  std::string toml;
  std::string folder;  // what its relative paths start from
  bool replace = false;
  std::optional<JobId> extends;
  std::string user{};  // who asks for it
  // Its own search asks for these trials: see store::Submission.
  bool by_search = false;
  std::vector<job::Proposal> asked{};
};

struct SubmitOutcome {
  std::optional<store::Submitted> submitted;  // unset if there are errors
  bool resumed = false;                       // its tasks are then to be read from the store
  std::vector<job::Diagnostic> errors;
};

class Submitter {
 public:
  // `artifacts` keeps the files that jobs name; both outlive this.
  Submitter(artifact::ArtifactStore& artifacts, DeviceClasses& classes, std::string database,
            JobFolders folders, boost::asio::any_io_executor executor);
  ~Submitter();  // waits for the submission under way

  // To be awaited on the executor. Throws what the store throws.
  boost::asio::awaitable<SubmitOutcome> submit(JobText job, std::int64_t epoch);
  // How many tasks are to be tried again. Here, so that the end of the job's search doesn't overtake it.
  boost::asio::awaitable<std::size_t> retry(JobId job, std::int64_t epoch);
  // Unset if the job asks for nothing now: it has ended, is paused, or its search is over. `slots`: see
  // search::advance.
  boost::asio::awaitable<std::optional<SearchAdvice>> advise(JobId job, std::size_t slots,
                                                             std::int64_t epoch);
  // False if it was over before, or goes by another text than that.
  boost::asio::awaitable<bool> end_search(JobId job, std::string toml, std::string failure,
                                          std::int64_t epoch);

 private:
  template <class T>
  boost::asio::awaitable<T> on_thread(std::function<T()> work);
  template <class Work>
  auto ask_store(Work work);
  SubmitOutcome submit_here(const JobText& job, std::int64_t epoch);
  static SubmitOutcome write(const JobText& job, const std::vector<job::Proposal>& asked,
                             const job::Surroundings& surroundings, store::OpenSubmission& opened);
  std::unique_ptr<store::OpenSubmission> begin(const store::Submission& submission, std::int64_t epoch,
                                               std::optional<JobId> extends);
  job::Surroundings surroundings_of(const std::string& folder);
  store::Store& store();
  Result<job::TrialModel> trial_model(TrialId trial);

  artifact::ArtifactStore& artifacts_;
  DeviceClasses& classes_;
  std::string database_;
  JobFolders folders_;
  std::unique_ptr<store::Store> store_;   // of the thread alone
  std::unique_ptr<store::Store> reader_;  // likewise: answers plans while the other one is being written to
  SearchBook searches_;                   // likewise
  boost::asio::any_io_executor executor_;
  boost::asio::thread_pool thread_{1};
};

}  // namespace espalier::runtime
