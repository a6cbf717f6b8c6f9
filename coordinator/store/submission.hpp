// Writes a job as it is planned, part by part, in one transaction: job, trials, tasks and edges.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/store/array_column.hpp"
#include "coordinator/store/connection.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::store {

class SubmissionWriter {
 public:
  // With `extends` the job is that one and gets the trials that it doesn't have yet, and what those need that
  // are to be trained up to a further rung; otherwise it is new.
  // `beside` opens a second transaction, from which numbers come while a part is written. A job of one part
  // doesn't ask for it.
  SubmissionWriter(Transaction& transaction, std::function<Transaction&()> beside,
                   const Submission& submission, std::optional<JobId> extends)
      : transaction_(transaction), beside_(std::move(beside)), submission_(submission), extends_(extends) {}

  void head(const job::Plan& head);
  void part(const std::vector<job::Trial>& trials, const std::vector<job::Task>& tasks);
  // What the core has to know: the tasks of the trials that were written, but for those that have a result.
  // What failed or was cancelled of them is asked for again.
  Submitted finish();

 private:
  struct Chosen {                       // a trial to be written
    std::size_t place = 0;              // among those given
    std::optional<std::int64_t> known;  // its number, if the job has it: it is to be trained further
    std::int64_t next_task = 0;         // its place among the trial's
    std::set<std::int64_t> has{};       // tasks that the trial has
  };
  // Each appends its arrays to the parameters of insert_part, in their order. `first`: the place of the first
  // of these tasks in the plan.
  void add_tasks(const std::vector<job::Task>& tasks, std::size_t first, const std::vector<bool>& is_new,
                 std::vector<Value>& parameters, ArrayColumn& kind, ArrayColumn& work);
  void add_inputs(const std::vector<job::Task>& tasks, std::size_t first, const std::vector<bool>& is_new,
                  std::vector<Value>& parameters);
  void add_trials(const std::vector<job::Trial>& trials, const std::vector<Chosen>& chosen,
                  const Rows& numbers, std::vector<Value>& parameters);
  void add_to_job(std::vector<std::size_t> tasks, std::vector<Value>& parameters);
  void write_built();
  std::vector<bool> number(const std::vector<job::Task>& tasks, Transaction& transaction);
  void add_targets(const std::vector<job::Target>& targets);
  std::vector<Chosen> choose(const std::vector<job::Trial>& trials);

  // extension.cpp
  void begin_extension(const job::Plan& head);
  std::vector<Chosen> choose_searched(const std::vector<job::Trial>& trials);
  std::optional<Chosen> choose_searched(const job::Trial& trial, std::size_t place, const Rows& known);
  void add_points(const std::vector<job::Trial>& trials, const std::vector<Chosen>& chosen);
  void finish_extension();

  Transaction& transaction_;
  std::function<Transaction&()> beside_;
  const Submission& submission_;
  std::optional<JobId> extends_;
  std::string job_;  // its number
  JobRow row_;
  PlanHash hash_;
  std::string groups_;  // their names, as the text of an array
  Value search_;        // by what it searches; unset: it doesn't
  std::optional<job::Search::Strategy> strategy_;
  // Of the trials of a part that a search asked for: see insert_part.
  std::array<std::string, 3> points_{"{}", "{}", "{}"};
  ArrayColumn raised_, raised_to_;            // trials that are to be trained further, and their rungs
  ArrayColumn told_;                          // the last task of each trial that a search asked for
  std::vector<std::uint16_t> target_places_;  // in an extended job, of the plan's targets
  bool reuses_ = false;                       // a task that has ended before
  std::int64_t next_place_ = 0;
  std::int64_t next_trial_ = 0;
  std::size_t written_ = 0;    // trials
  std::vector<TaskRow> rows_;  // of all tasks of the plan, by their place in it
  std::vector<bool> in_job_;   // likewise: written as one of the job's
  std::vector<Value> built_;   // the parameters of insert_part for the part before; empty: it is written
};

std::string targets_column(const std::vector<job::Target>& targets);  // as a job's row keeps them

// See Store.
std::optional<Submitted> resume_job(Transaction& transaction, const Submission& submission,
                                    const std::string& plan_hash);
std::size_t retry_job(Transaction& transaction, JobId job);

}  // namespace espalier::store
