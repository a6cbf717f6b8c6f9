// The model that a trial ended with, read from what is on record of its own tasks.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/job/plan.hpp"

namespace espalier::job {

// One of a trial's own tasks, as it stands.
struct PastTask {
  std::string stage;
  std::string state;
  std::string reason;
  json::object spec;
  std::map<std::string, std::string> files;  // the user's among its inputs: role to hash
  std::string model;                         // hash of its output `model`; empty if there is none
  Target target;
};

// `own` in the order of the trial's pipeline. Errors: `busy` if the model is still to be made, `failed` if it
// won't be without a retry, `not_found` if the trial was never to have one.
Result<TrialModel> trial_model(TrialId trial, const std::vector<PastTask>& own);

// Whether one can be measured against the other; `first` and `second` are what an error calls them.
Result<void> check_comparable(const std::string& first, const TrialModel& one, const std::string& second,
                              const TrialModel& other);

}  // namespace espalier::job
