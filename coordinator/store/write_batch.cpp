#include "coordinator/store/write_batch.hpp"

#include <functional>
#include <string>
#include <unordered_map>

namespace espalier::store {
namespace {

// Keeps one write a key, at the place of the first; `replaces(old, new)` says whether a later one takes it.
template <class Id, class Kind>
class OnePerKey {
 public:
  explicit OnePerKey(std::vector<const Kind*>& kept) : kept_(kept) {}

  template <class Replaces>
  void add(const Id& id, const Kind& write, Replaces replaces) {
    const auto [place, fresh] = places_.emplace(id, kept_.size());
    if (fresh) {
      kept_.push_back(&write);
    } else if (replaces(*kept_[place->second], write)) {
      kept_[place->second] = &write;
    }
  }

 private:
  std::vector<const Kind*>& kept_;
  std::unordered_map<Id, std::size_t> places_;
};

constexpr auto kLast = [](const auto&, const auto&) { return true; };
constexpr auto kFirst = [](const auto&, const auto&) { return false; };

bool supersedes(const EndAttempt& before, const EndAttempt& after) {
  const bool given_up = before.state == AttemptState::lost || before.state == AttemptState::cancelled;
  return given_up && after.state == AttemptState::superseded && after.worker == before.worker;
}

class Sorter {
 public:
  explicit Sorter(WriteBatch& batch) : batch_(batch) {}
  void operator()(const StartAttempt& write) { batch_.starts.push_back(&write); }
  void operator()(const EndAttempt& write) { ends_.add(write.attempt, write, supersedes); }
  void operator()(const AcceptResult& write) { results_.add(write.task, write, kFirst); }
  void operator()(const AddPoints& write) { batch_.points.push_back(&write); }
  void operator()(const SaveCheckpoint& write) { checkpoints_.add(write.task, write, kLast); }
  void operator()(const AddLog& write) { batch_.logs.push_back(&write); }
  void operator()(const SetTask& write) { tasks_.add(write.task, write, kLast); }
  void operator()(const SetProgress& write) { progress_.add(write.attempt, write, kLast); }
  void operator()(const SetJob& write) { jobs_.add(write.job, write, kLast); }
  void operator()(const CordonWorker& write) { cordons_.add(write.name, write, kLast); }
  void operator()(const SeeWorker& write) { workers_.add(write.name, write, kLast); }

 private:
  WriteBatch& batch_;
  OnePerKey<AttemptId, EndAttempt> ends_{batch_.ends};
  OnePerKey<TaskId, AcceptResult> results_{batch_.results};
  OnePerKey<TaskId, SaveCheckpoint> checkpoints_{batch_.checkpoints};
  OnePerKey<TaskId, SetTask> tasks_{batch_.tasks};
  OnePerKey<AttemptId, SetProgress> progress_{batch_.progress};
  OnePerKey<JobId, SetJob> jobs_{batch_.jobs};
  OnePerKey<WorkerName, SeeWorker> workers_{batch_.workers};
  OnePerKey<WorkerName, CordonWorker> cordons_{batch_.cordons};
};

}  // namespace

WriteBatch sort_by_kind(const std::vector<Write>& writes) {
  WriteBatch batch;
  Sorter sorter(batch);
  for (const Write& write : writes) std::visit(std::ref(sorter), write);
  return batch;
}

}  // namespace espalier::store
