// The searches of a coordinator's jobs: the real advice (coordinator/search), read, followed and put on
// record as coordinator/runtime does it in searches.cpp and search_book.cpp. One look at a time, on a thread
// and a connection of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "tests/simulation/database.hpp"
#include "tests/simulation/search_judge.hpp"

namespace espalier::simulation {

class Coordinator;

class Searches {
 public:
  Searches(Coordinator& coordinator, Database& database, const SearchJudge& judge)
      : coordinator_(coordinator), database_(database), judge_(judge) {}

  void is_due(JobId job);
  void workers_changed();  // with more slots there may be more at once
  void crash();            // what is on its way to the database may still arrive

 private:
  using Step = std::function<void()>;

  void look_at_next();
  void end_look();
  void read_again();
  void advise();
  void follow(const SearchText& text, const search::JobAdvice& advice);
  void ask(Step question, Step answered, Step broken);
  void pause();
  [[nodiscard]] bool is_fenced() const;

  Coordinator& coordinator_;
  Database& database_;
  const SearchJudge& judge_;
  std::set<JobId> due_;
  std::set<JobId> waiting_;                 // for trials that haven't ended
  std::map<JobId, std::int64_t> doubtful_;  // the ticket of what may be on record without our knowing
  std::size_t slots_ = 1;
  std::optional<JobId> job_;  // that is looked at
  Step under_way_;
};

}  // namespace espalier::simulation
