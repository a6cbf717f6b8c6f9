// What jobs' searches say to how their trials stand. Reads the store, plans, and asks coordinator/search; on
// the submitter's thread alone, so that it can take its time, and a search by one text and its extension by
// another come one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/job/plan.hpp"
#include "coordinator/search/search.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::runtime {

// What a job's search says to how its trials stand.
struct SearchAdvice {
  std::string toml;  // that it goes by
  std::string folder;
  std::vector<job::Proposal> next;
  bool waits = false;    // for trials that haven't ended
  bool is_over = false;  // nothing more will be asked for: that is on record
  bool failed = false;   // it is over since it couldn't go on
  std::string failure;   // why it can't go on: that isn't on record yet
};

// What a text means before a search has asked for anything.
struct Meaning {
  job::Plan head;
  std::string hash;  // of its tasks: store::PlanHash
  std::vector<job::Diagnostic> errors;
};
Meaning meaning_of(const std::string& toml, const job::Surroundings& surroundings);

// Throws unless each point lies in what the head's search looks at.
void check_points(const job::Plan& head, const std::vector<job::Proposal>& points, JobId job);

class SearchBook {
 public:
  using SurroundingsOf = std::function<job::Surroundings(const std::string& folder)>;

  // See Submitter.
  std::optional<SearchAdvice> advise(store::Store& store, JobId job, std::size_t slots, std::int64_t epoch,
                                     const SurroundingsOf& surroundings_of);

 private:
  struct Page {  // of a job that searches
    std::string text_hash;
    std::vector<search::Rules> rules;                // a group each
    std::map<std::string, std::size_t> generations;  // on record, by group
  };
  Page& page_of(JobId job, const store::Searching& searching, const SurroundingsOf& surroundings_of);
  static void record(store::Store& store, JobId job, Page& page, const std::string& group,
                     const std::vector<search::Generation>& generations, std::int64_t epoch);

  std::map<JobId, Page> pages_;
};

}  // namespace espalier::runtime
