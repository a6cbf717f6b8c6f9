// The core's decisions of one commit, sorted by kind so that each kind is one statement. Pure.
#pragma once

#include <vector>

#include "coordinator/store/store.hpp"

namespace espalier::store {

// Points into the writes it was made from. Within a kind the order is kept, and what would hit one row twice
// is reduced to what the writes come to when they are executed one after another:
//   the last SetTask, SetProgress, SaveCheckpoint, SetJob and SeeWorker, the first AcceptResult, the first
//   EndAttempt unless it is `lost` or `cancelled` and a later one says `superseded`.
struct WriteBatch {
  std::vector<const StartAttempt*> starts;
  std::vector<const EndAttempt*> ends;
  std::vector<const AcceptResult*> results;
  std::vector<const AddPoints*> points;
  std::vector<const SaveCheckpoint*> checkpoints;
  std::vector<const AddLog*> logs;
  std::vector<const SetTask*> tasks;
  std::vector<const SetProgress*> progress;
  std::vector<const SetJob*> jobs;
  std::vector<const SeeWorker*> workers;
  std::vector<const CordonWorker*> cordons;
};

WriteBatch sort_by_kind(const std::vector<Write>& writes);

}  // namespace espalier::store
