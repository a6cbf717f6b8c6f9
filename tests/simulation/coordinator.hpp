// A coordinator's process: the real core, fed and obeyed as the runtime's driver and store thread do it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/core/core.hpp"
#include "tests/simulation/database.hpp"
#include "tests/simulation/process.hpp"
#include "tests/simulation/searches.hpp"

namespace espalier::simulation {

class Coordinator : public Process {
 public:
  using Send = std::function<void(const std::string& peer, std::vector<wire::ToWorker>)>;

  Coordinator(Clockwork& clockwork, Chance& chance, Database& database, const SearchJudge& judge, Send send)
      : Process(clockwork, chance), database_(database), judge_(judge), send_(std::move(send)) {}

  void start();  // begins an epoch, which fences all others
  void crash();  // what isn't committed is gone; what is on its way to the database may still arrive
  void stop_for(Duration time);

  void hear(const std::string& peer, std::vector<wire::ToCoordinator> messages);
  void submit(core::JobRow job, std::optional<SearchText> search = {});
  void happen(const core::Event& event);

  // For its searches.
  void when_committed(std::function<void()> then);             // all that was decided until now
  void take_up(const core::JobRow& row, std::int64_t ticket);  // its trials
  Duration way_from_submitter();
  void step_down() { end(); }  // another coordinator has taken over

  [[nodiscard]] const core::Core& core() const { return *core_; }
  [[nodiscard]] std::int64_t epoch() const { return epoch_; }
  [[nodiscard]] bool idle() const { return work_.empty() && pending_.empty(); }

 private:
  struct Batch {
    std::vector<core::Write> writes;
    core::Actions others;
    std::vector<std::int64_t> learned;  // what follows from those submissions is in it
    bool again = false;                 // the database may have it already
    [[nodiscard]] bool empty() const { return writes.empty() && others.empty() && learned.empty(); }
  };
  struct Work {  // for the store thread, in order
    Batch batch;
    std::optional<Submission> submission;
    std::function<void()> then;  // neither: a question of when its turn comes
    bool tried = false;          // the database may have it
  };
  std::size_t add_part(const core::JobRow& row, std::size_t from, bool ask_again, bool by_search);
  void add_parts(const core::JobRow& row, bool ask_again, bool by_search);
  void add_parts_in_turns(core::JobRow row, std::size_t from, std::int64_t ticket);
  void end_submission(JobId job, std::int64_t ticket);
  void expect_told(const core::Event& event, const core::Actions& actions);
  void take(core::Actions actions);
  void commit_now();
  void next_work();
  void try_work();
  bool perform(Work& work);
  void finish_work();
  void deliver(const Batch& batch);
  void set_alarm();

  Database& database_;
  const SearchJudge& judge_;
  Send send_;
  std::unique_ptr<core::Core> core_;
  std::unique_ptr<Searches> searches_;
  std::set<std::string> welcomed_;  // workers, since the start
  std::int64_t epoch_ = 0;
  Batch pending_;
  int commits_under_way_ = 0;
  std::deque<Work> work_;
  std::optional<core::JobRow> submitted_;
  MonotonicTime submitter_answered_{};
  MonotonicTime alarm_at_ = MonotonicTime::max();
};

}  // namespace espalier::simulation
