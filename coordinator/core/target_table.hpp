// The distinct targets of all unfinished jobs: which workers their tasks may run on. Target 0 is "any
// worker".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "common/match/requirement.hpp"
#include "coordinator/core/rows.hpp"

namespace espalier::core {

using TargetIndex = Id<struct TargetIndexTag, std::uint32_t>;
inline constexpr TargetIndex kAnyWorker{0};

struct Target {
  job::Target text;
  match::Requirement requirement;
  std::string problem;           // why the text can't be read; no worker matches then
  std::uint32_t generation = 0;  // of what was found out about workers; another one is out of date
  std::size_t holders = 0;       // jobs that have it; unused if there are none
  std::size_t ready = 0;         // ready tasks, once for each job that needs them
  std::size_t drainers = 0;      // hosts that are becoming idle for an exclusive task of it
  // A worker that found nothing before may find something now; which of them was looked at last: its load,
  // its name.
  bool is_fresh = false;
  std::optional<std::pair<std::size_t, WorkerName>> looked_at;
};

// What is known of one worker and each target.
class Ranks {
 public:
  void clear() { known_.clear(); }  // its facts have changed

 private:
  friend class TargetTable;
  struct Known {
    std::uint32_t generation = 0;
    std::int16_t rank = -1;
  };
  std::vector<Known> known_;  // by target
};

class TargetTable {
 public:
  TargetTable();
  TargetIndex hold(const job::Target& target);  // one more job has it
  void release(TargetIndex target);
  Target& operator[](TargetIndex target) { return targets_[target.value]; }
  const Target& operator[](TargetIndex target) const { return targets_[target.value]; }

  // Whether a worker with these facts matches: the place in `any_of` of the first term that holds, 0 if there
  // are none; unset if it doesn't match. Found out once, and kept in `ranks`.
  [[nodiscard]] std::optional<int> rank(TargetIndex target, const json::object& facts, Ranks& ranks) const;

  void add_ready(TargetIndex target);  // and so it is fresh
  void remove_ready(TargetIndex target);
  void refresh(TargetIndex target);  // it is fresh if any of its tasks is ready
  void refresh_choosy();             // those that prefer some workers to others
  void refresh_all();
  // A fresh one with ready tasks; none afterwards is fresh without.
  [[nodiscard]] std::optional<TargetIndex> fresh();
  void settle(TargetIndex target);  // all workers have been tried
  [[nodiscard]] bool any_ready() const { return ready_ > 0; }

 private:
  std::vector<Target> targets_;
  std::map<std::pair<std::string, std::vector<std::string>>, TargetIndex> by_text_;
  std::vector<TargetIndex> free_;
  std::vector<TargetIndex> fresh_;
  std::vector<TargetIndex> choosy_;  // those that prefer some workers to others
  std::size_t ready_ = 0;
  std::uint32_t generation_ = 0;
};

}  // namespace espalier::core
