// Decides what runs where. A deterministic state machine: the same events at the same times give the same
// actions. No clock, no randomness, no I/O; the runtime feeds it and executes what it decides.
//
// The rules, a file each:
//   submit.cpp   jobs come, are paused, resumed, cancelled
//   settle.cpp   a task or a job changes its state, and what follows for others
//   assign.cpp   which worker gets which task
//   preempt.cpp  what has a higher priority takes the place of a training
//   expect.cpp   where a task ends first, by what was learned of its kind
//   explain.cpp  why a task isn't given to a worker
//   report.cpp   a worker reports progress or an end
//   lease.cpp    workers come, beat, leave, are lost
//   retire.cpp   what nobody needs is cancelled and forgotten, a slice at a time
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/base/clock.hpp"
#include "coordinator/core/actions.hpp"
#include "coordinator/core/events.hpp"
#include "coordinator/core/job_table.hpp"
#include "coordinator/core/pace_table.hpp"
#include "coordinator/core/task_table.hpp"
#include "coordinator/core/worker_table.hpp"

namespace espalier::core {

struct Settings {
  Duration beat = std::chrono::seconds(2);
  Duration lease = std::chrono::seconds(10);
  std::size_t slice = 2000;  // tasks that one step wakes, gives out, cancels or forgets at most
  // How long a task of a higher priority waits for a free place before it takes that of a training.
  Duration patience = std::chrono::seconds(2);
  std::map<std::string, double> weights{};  // of users; 1 for the others
};

// What keeps a task from a worker: what is so, and what would have to change.
struct Obstacle {
  std::string what;
  std::string change;
};
struct Explained {  // of one worker
  WorkerName worker;
  std::vector<Obstacle> obstacles;  // none: it would get the task, or has it
};

class Core {
 public:
  explicit Core(const Settings& settings) : settings_(settings), jobs_(settings.weights) {}

  // `now` never goes back. The first event is Started.
  Actions step(MonotonicTime now, const Event& event);

  // When the next Tick is due if nothing else happens; in the past if there is work left to do at once.
  [[nodiscard]] std::optional<MonotonicTime> next_deadline() const;

  struct Counts {
    std::size_t jobs = 0;  // running ones with ready tasks
    std::size_t tasks = 0;
    std::size_t live_workers = 0;
    std::size_t attempts = 0;
    TaskTable::StateCounts tasks_by_state{};              // of unfinished jobs
    std::array<std::size_t, kJobStates> jobs_by_state{};  // that aren't forgotten yet
    std::size_t cordoned_workers = 0;                     // of the live ones
    std::size_t awaited_workers = 0;                      // of before a restart, that may still come back
    std::size_t slots = 0;                                // of live workers
  };
  [[nodiscard]] Counts counts() const;  // walks through jobs and workers, not through tasks
  [[nodiscard]] std::size_t live_workers() const { return workers_.live(); }
  [[nodiscard]] std::optional<TaskState> state_of(TaskId task) const;  // unset if it was forgotten
  // Why the task isn't given to each of the workers that hold a lease. Unset if the core doesn't know the
  // task.
  struct Explanation {
    TaskState state{};
    std::vector<Obstacle> obstacles;  // whichever worker it is
    std::vector<Explained> workers;
  };
  [[nodiscard]] std::optional<Explanation> explain(TaskId task) const;

 private:
  // submit.cpp
  void handle(const Started& event);
  void handle(const SubmissionBegun& event);
  void handle(const SubmissionEnded& event);
  void handle(const JobAdded& event);
  void handle(const SearchEnded& event);
  void handle(const JobPaused& event);
  void handle(const JobResumed& event);
  void handle(const JobCancelled& event);
  void handle(const AttemptsFound& event);
  struct Newcomer {
    TaskIndex task;
    const TaskRow* row = nullptr;
    TaskState on_record;
  };
  std::vector<Newcomer> enlist(const JobAdded& event, JobState state);
  void add_lanes(Job& job, const std::vector<job::Target>& targets);
  void join(TaskIndex task, JobIndex job, std::uint16_t target);
  void adopt(const OpenAttempt& attempt);
  void evaluate(const Newcomer& newcomer);
  bool count_missing_inputs(const Newcomer& newcomer);
  bool take_due_search(JobIndex job);

  // report.cpp
  void handle(const AttemptProgress& event);
  void handle(const AttemptLogged& event);
  void handle(const AttemptFinished& event);
  void accept(AttemptId attempt, TaskIndex task, const wire::Finished& message);
  void fail(AttemptId attempt, TaskIndex task, const wire::Finished& message);
  LiveAttempt* live(std::int64_t attempt);

  // lease.cpp
  void handle(const WorkerHello& event);
  void handle(const WorkerHeartbeat& event);
  void handle(const WorkerCordoned& event);
  void handle(const WorkerGoodbye& event);
  void handle(const WorkerRevoked& event);
  void handle(const AssignmentsSent& event);
  void handle(const Tick& event);
  void take_facts(Worker& worker, const json::object& facts);
  void take_changed_facts(Worker& worker, const json::object& facts);
  void expire_leases();
  void lose_worker(Worker& worker, const std::string& reason);
  void forget_session(Worker& worker);
  void lose_attempt(AttemptId attempt, const std::string& reason);
  void reconcile(Worker& worker, std::vector<std::int64_t> held, bool knows_all);
  void hear_of(AttemptId id, LiveAttempt& attempt);

  // settle.cpp
  void apply_state(TaskIndex task, TaskState to);                           // in memory
  void set_state(TaskIndex task, TaskState to, const std::string& reason);  // and on record
  // What the end of a task means for those that wait for it, a slice at a time: there may be a million.
  struct Ripple {
    TaskIndex task;
    WorkerName worker;   // that has its outputs, if it has succeeded
    std::string reason;  // else
  };
  void spread(TaskIndex task, const std::string& reason) { ripples_.push_back({task, {}, reason}); }
  void spread_slice();
  void wake(TaskIndex task, const WorkerName& near);
  void doom(TaskIndex task, const std::string& reason);
  void cancel_task(TaskIndex task, const std::string& reason);
  void end_attempt(AttemptId attempt, AttemptState state, const std::string& reason, double seconds,
                   const std::string& device_class);
  void list_ready(TaskIndex task, JobIndex job, std::uint32_t position);
  void unlist_ready(TaskIndex task, JobIndex job, std::uint32_t position);
  void reorder(JobIndex job);
  void set_job_state(JobIndex job, JobState state);
  void end_jobs();
  void mark_changed(JobIndex job);
  int retries_of(TaskIndex task) const;

  // assign.cpp
  struct Choice {
    TaskIndex task;
    JobIndex job;
  };
  struct Ahead {  // exclusive tasks that come before others
    TargetIndex target;
    std::size_t count = 0;
  };
  void place();
  Worker* next_to_look_at();
  std::optional<Choice> choose(Worker& worker);
  [[nodiscard]] std::optional<std::uint32_t> first_shared(const Job& job, const Worker& worker,
                                                          double* declined) const;
  [[nodiscard]] std::optional<std::uint32_t> first_exclusive(const Job& job, const Worker& worker) const;
  [[nodiscard]] bool could_take(const Worker& worker, const Job& job, TargetIndex target,
                                bool exclusive) const;
  [[nodiscard]] bool another_suits_better(const Worker& worker, const Job& job, TargetIndex target,
                                          bool exclusive) const;
  [[nodiscard]] std::optional<TargetIndex> to_drain_for(const Worker& worker,
                                                        const std::vector<Ahead>& ahead) const;
  void drain(Worker& worker, std::optional<TargetIndex> target);
  void stop_draining(Host& host);
  void stop_draining_for(TargetIndex target);
  std::optional<TaskIndex> take_near(Worker& worker, JobIndex job);
  void give(Worker& worker, const Choice& choice);
  void settle_in(Worker& worker, AttemptId id, LiveAttempt attempt);

  // expect.cpp
  [[nodiscard]] double expected_seconds(const TaskRecord& record, ClassIndex where) const;
  void find_home(TaskIndex task);
  [[nodiscard]] bool class_matches(ClassIndex where, TargetIndex target) const;
  void settle_at(TaskIndex task, ClassIndex where);
  void leave_home(TaskIndex task);
  bool move_home(TaskIndex task, const Worker& worker);
  [[nodiscard]] TargetIndex target_of(TaskIndex task) const;
  void sift(JobIndex job);
  [[nodiscard]] std::optional<std::uint32_t> offer(const Job& job, const Lane& lane, const Worker& worker,
                                                   double* declined) const;
  [[nodiscard]] bool helps(const Worker& worker, const TaskRecord& record) const;
  void be_patient(Worker& worker, double seconds);
  void end_patience(Worker& worker);
  void lose_patience();
  void count_slots(Worker& worker);

  // preempt.cpp
  void preempt();
  bool make_room_for(JobIndex job);
  [[nodiscard]] std::optional<AttemptId> victim_for(const Job& job, TargetIndex target) const;
  [[nodiscard]] std::vector<AttemptId> victims_for_host(const Job& job, TargetIndex target) const;
  void give_back(AttemptId attempt, const std::string& reason);

  // explain.cpp
  [[nodiscard]] std::vector<Obstacle> obstacles(const Worker& worker, TaskIndex task) const;
  [[nodiscard]] std::vector<Obstacle> obstacles(const Worker& worker, TaskIndex task, const Job& job,
                                                std::uint32_t position) const;

  // retire.cpp
  struct Retirement {
    JobIndex job;
    std::size_t left = 0;  // positions below it still have to be released
  };
  void retire(JobIndex job);
  void release_last(Retirement& retirement);
  void retire_slice();
  void finish_retirement(JobIndex job);
  void forget_job(JobIndex job);

  void write(Write write) { actions_.emplace_back(std::move(write)); }
  void send(const std::string& peer, wire::ToWorker message) {
    if (!peer.empty()) actions_.emplace_back(Send{peer, std::move(message)});
  }
  void publish_changes();

  Settings settings_;
  MonotonicTime now_;
  std::int64_t epoch_ = 0;
  std::int64_t next_attempt_ = 1;
  int submissions_ = 0;  // on their way through the store
  TaskTable tasks_;
  TargetTable targets_;
  JobTable jobs_;
  WorkerTable workers_;
  PaceTable paces_;
  std::size_t sift_left_ = 0;  // tasks that may be looked at in this step
  std::set<std::pair<MonotonicTime, WorkerName>>
      patient_;                    // workers that leave something to others, and until when
  std::set<WorkerName> cordoned_;  // whether they are here or not
  // Live attempts that may be taken from their workers: by priority, the youngest first.
  std::set<std::tuple<std::int64_t, std::int64_t, AttemptId>> preemptible_;
  std::optional<MonotonicTime> preempt_at_;
  boost::unordered_flat_map<std::int64_t, LiveAttempt> attempts_;
  std::deque<WorkerName> have_inputs_;  // of tasks that have become ready since workers were last looked at
  std::deque<Ripple> ripples_;
  bool to_place_ = false;  // the last step left some placements to the next
  std::deque<Retirement> retiring_;
  std::deque<TaskIndex> orphans_;
  std::vector<JobId> to_end_;  // jobs whose last task may have ended
  std::vector<std::pair<JobId, bool>> changed_;
  bool workers_changed_ = false;
  Actions actions_;
};

}  // namespace espalier::core
