// Random fleets and jobs: nothing is ever packed tighter than it may be, nobody idles beside work that fits,
// and what `explain` says is what placement does.
#include <random>

#include "common/match/requirement.hpp"
#include "tests/unit/core/world.hpp"

namespace espalier::core {
namespace {

constexpr const char* kRequires[] = {"", "cores >= 4", "arch == \"arm\"", "\"avx2\" in isa && cores < 8",
                                     "cores > 99"};

class Fleet {
 public:
  explicit Fleet(unsigned seed) : chance_(seed) { core_.step(now_, Started{1, 1}); }

  void run() {
    for (int i = 0; i < 200; ++i) {
      now_ += std::chrono::milliseconds(pick(300));
      do_something();
      for (int more = 0; more < 50 && core_.next_deadline() && *core_.next_deadline() <= now_; ++more)
        happen(Tick{});
      for (const auto& [name, member] : members_) beat(name);
      ASSERT_FALSE(core_.next_deadline() && *core_.next_deadline() <= now_) << "it comes to no rest";
      check();
      if (testing::Test::HasFatalFailure()) return;
    }
  }

 private:
  struct Member {
    json::object facts;
    int slots = 0;
    std::int64_t memory = 0;
    std::string host;
    bool cordoned = false;
    std::set<std::int64_t> attempts;
  };
  struct Ask {
    job::Target target;
    std::int64_t memory = 0;
    bool exclusive = false;
    std::int64_t job = 0;
  };
  struct Live {
    std::string worker;
    TaskId task;
  };

  int pick(int below) { return static_cast<int>(chance_() % static_cast<unsigned>(below)); }

  void do_something() {
    const int what = pick(10);
    if (members_.empty() || (what == 0 && members_.size() < 12)) return add_worker();
    if (what == 1 || jobs_ == 0) return add_job();
    if (what == 2) {
      auto& [name, member] = *std::next(members_.begin(), pick(static_cast<int>(members_.size())));
      member.cordoned = !member.cordoned;
      return happen(WorkerCordoned{{name}, member.cordoned, pick(2) == 0});
    }
    if (what == 3) return happen(JobPaused{{1 + pick(jobs_)}});
    if (what == 4 || what == 5) return happen(JobResumed{{1 + pick(jobs_)}});
    if (what == 6 && pick(3) == 0) return happen(JobCancelled{{1 + pick(jobs_)}});
    if (live_.empty()) return;
    const auto [attempt, it] = *std::next(live_.begin(), pick(static_cast<int>(live_.size())));
    wire::Finished message;
    message.worker = it.worker;
    message.attempt = attempt;
    message.seconds = pick(3);
    happen(AttemptFinished{"p", message});
  }

  void add_worker() {
    const std::string name = "w" + std::to_string(members_.size());
    Member member;
    member.slots = 1 + pick(4);
    member.memory = pick(3) == 0 ? 0 : 1 + pick(8);
    member.host = "h" + std::to_string(pick(4));
    member.facts = {
        {"host", member.host}, {"cores", 1 + pick(16)}, {"arch", pick(2) == 0 ? "arm" : "x86_64"}};
    if (pick(2) == 0) member.facts["isa"] = json::array{"avx2"};
    if (member.memory > 0) member.facts["memory"] = member.memory;
    wire::Hello hello;
    hello.worker = name;
    hello.session = "s";
    hello.slots = member.slots;
    hello.facts = member.facts;
    members_[name] = std::move(member);
    happen(WorkerHello{"p-" + name, hello});
  }

  void add_job() {
    JobRow row;
    row.id = {++jobs_};
    row.priority = 10 * pick(4);
    row.user = std::string(1, static_cast<char>('a' + pick(3)));
    row.memory_bytes = pick(2) == 0 ? 0 : 1 + pick(5);
    row.max_parallel = pick(3) == 0 ? 1 + pick(4) : 0;
    limits_[jobs_] = row.max_parallel;
    row.targets.clear();
    for (int i = 0; i < 3; ++i) {
      job::Target target{kRequires[pick(5)], {}};
      if (pick(3) == 0) target.any_of = {"cores >= 8", "cores >= 1"};
      row.targets.push_back(target);
    }
    for (int i = 0; i < 1 + pick(12); ++i) {
      TaskRow task;
      task.id = {next_task_++};
      task.target = static_cast<std::uint16_t>(pick(3));
      task.exclusive = pick(5) == 0;
      task.preemptible = !task.exclusive && pick(2) == 0;
      asks_[task.id.value] = {row.targets[task.target], row.memory_bytes, task.exclusive, jobs_};
      row.tasks.push_back(task);
    }
    happen(JobAdded{row});
  }

  void happen(const Event& event) {
    for (const Action& action : core_.step(now_, event)) {
      if (const auto* write = std::get_if<Write>(&action)) {
        if (const auto* start = std::get_if<StartAttempt>(write)) {
          live_[start->attempt.value] = {start->worker.value, start->task};
          members_.at(start->worker.value).attempts.insert(start->attempt.value);
          EXPECT_FALSE(members_.at(start->worker.value).cordoned);
        } else if (const auto* end = std::get_if<EndAttempt>(write)) {
          if (live_.erase(end->attempt.value) > 0)
            members_.at(end->worker.value).attempts.erase(end->attempt.value);
        }
      }
    }
  }

  void beat(const std::string& name) {  // only so that nobody is lost
    wire::Heartbeat heartbeat{name, "s", {}, 1};
    const auto& held = members_.at(name).attempts;
    heartbeat.attempts.assign(held.begin(), held.end());
    for (const Action& action : core_.step(now_, WorkerHeartbeat{"p-" + name, heartbeat}))
      ASSERT_FALSE(std::holds_alternative<GiveOut>(action)) << "a heartbeat changes nothing";
  }

  bool matches(const Member& member, const job::Target& target) const {
    return match::requirement_of(target.require, target.any_of)->matches(member.facts);
  }

  void check() {
    std::map<std::string, std::int64_t> reserved, attempts, exclusive, of_job;
    for (const auto& [attempt, it] : live_) {
      const Member& member = members_.at(it.worker);
      const Ask& ask = asks_.at(it.task.value);
      ASSERT_TRUE(matches(member, ask.target));
      reserved[member.host] += ask.memory;
      ++attempts[member.host];
      ++of_job[std::to_string(ask.job)];
      exclusive[member.host] += ask.exclusive ? 1 : 0;
    }
    for (const auto& [host, count] : exclusive) ASSERT_TRUE(count == 0 || attempts[host] == 1) << host;
    for (const auto& [name, member] : members_) {
      ASSERT_LE(member.attempts.size(), static_cast<std::size_t>(2 * member.slots));
      if (member.memory == 0 || member.attempts.empty()) continue;
      std::int64_t most = 0;  // workers of one host may tell different amounts
      for (const auto& [other, neighbour] : members_) {
        if (neighbour.host != member.host) continue;
        most = neighbour.memory == 0 ? INT64_MAX : std::max(most, neighbour.memory);
        if (most == INT64_MAX) break;
      }
      ASSERT_LE(reserved[member.host], most);
    }
    for (const auto& [job, limit] : limits_) ASSERT_TRUE(limit == 0 || of_job[std::to_string(job)] <= limit);

    for (const auto& [id, ask] : asks_) {
      if (core_.state_of(TaskId{id}) != TaskState::ready) continue;
      const auto why = core_.explain(TaskId{id});
      if (!why || why->state != TaskState::ready || !why->obstacles.empty()) continue;
      for (const auto& worker : why->workers) {
        ASSERT_FALSE(worker.obstacles.empty())
            << "task " << id << " is ready, nothing keeps it from " << worker.worker.value
            << ", and it isn't there: " << (ask.exclusive ? "exclusive, " : "") << "memory " << ask.memory
            << ", " << ask.target.require << ", " << ask.target.any_of.size() << " any of, attempts there "
            << members_.at(worker.worker.value).attempts.size() << ", host "
            << members_.at(worker.worker.value).host;
        bool term_fails = false;
        for (const auto& obstacle : worker.obstacles)
          term_fails = term_fails || obstacle.what.find(": it has") != std::string::npos;
        ASSERT_EQ(term_fails, !matches(members_.at(worker.worker.value), ask.target));
      }
    }
  }

  std::mt19937 chance_;
  Core core_{Settings{}};
  MonotonicTime now_{1000s};
  std::map<std::string, Member> members_;
  std::map<std::int64_t, Live> live_;
  std::map<std::int64_t, Ask> asks_;
  std::map<std::int64_t, std::int64_t> limits_;
  int jobs_ = 0;
  std::int64_t next_task_ = 1;
};

class Packing : public testing::TestWithParam<unsigned> {};

TEST_P(Packing, exceeds_nothing_wastes_nothing_and_is_explained) {
  for (unsigned i = 0; i < 10; ++i) {
    SCOPED_TRACE("seed " + std::to_string(GetParam() * 100 + i));
    Fleet(GetParam() * 100 + i).run();
    if (HasFatalFailure()) return;
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, Packing, testing::Range(0u, 16u));

}  // namespace
}  // namespace espalier::core
