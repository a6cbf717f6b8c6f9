// The job that measures one trial's model against another's, as its text: `espalier compare` in a file.
#pragma once

#include <string>
#include <vector>

#include "common/job/plan.hpp"

namespace espalier::job {

struct ComparisonWish {
  TrialId trial;
  TrialId against;
  std::string device = {};                     // as benchmark.device; empty: where the first was measured
  std::vector<std::int64_t> batch_sizes = {};  // empty: as the first was measured
  std::vector<std::int64_t> threads = {};      // likewise
  std::int64_t seed = 1;                       // another one measures anew
};

// `first` is the model of wish.trial.
std::string comparison_job(const ComparisonWish& wish, const TrialModel& first);

}  // namespace espalier::job
