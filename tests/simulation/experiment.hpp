// What a job that searches tries: its space, the tasks of a trial, and what each of them gives. All of it
// follows from the job's text and the point, so that jobs of one space share tasks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/wire/messages.hpp"
#include "coordinator/core/rows.hpp"
#include "coordinator/search/search.hpp"

namespace espalier::simulation {

struct SearchText {
  enum class Strategy { random, halving, nsga2 };
  Strategy strategy{};
  std::uint64_t space = 0;
  std::uint64_t trials = 0;  // a group; an extension has more of them, and nothing else that differs
  [[nodiscard]] bool learns() const { return strategy != Strategy::random; }
};

std::vector<search::Rules> rules_of(const SearchText& text);  // a group each

// All points that the search of a group may ask for before it has tried everything there is.
std::size_t most_trials(const search::Rules& rules);

struct PlannedTask {
  std::string key;
  core::TaskRow row;                // but for its number and those of its inputs
  std::vector<std::size_t> inputs;  // places among the trial's tasks
  bool evaluates = false;
};
std::vector<PlannedTask> plan_trial(const search::Rules& rules, const job::Proposal& proposal);

// Whether a task can't succeed, whoever tries; and what it measures otherwise: some of it is no number.
bool is_hopeless(const std::string& key);
std::vector<wire::Metric> metrics_of(const std::string& key);

}  // namespace espalier::simulation
