#include "tests/unit/core/world.hpp"

namespace espalier::core {
namespace {

constexpr std::int64_t kGib = std::int64_t{1} << 30;

class Targets : public World {
 protected:
  static JobRow aimed(std::int64_t id, std::vector<TaskRow> tasks, const std::string& require,
                      std::vector<std::string> any_of = {}, std::int64_t priority = 50) {
    JobRow row = job(id, std::move(tasks), priority);
    row.targets = {{require, std::move(any_of)}};
    return row;
  }
  std::string worker_of(const std::string& name) const {  // that the last step gave the task to
    for (const StartAttempt& start : writes<StartAttempt>()) {
      if (start.task == key(name)) return start.worker.value;
    }
    return "";
  }
};

TEST_F(Targets, keep_tasks_from_workers_that_do_not_match) {
  hello_with("small", 4, {{"cores", 2}});
  add(aimed(1, {task("train")}, "cores >= 8"));
  EXPECT_TRUE(all<GiveOut>().empty());
  hello_with("big", 4, {{"cores", 16}});
  EXPECT_EQ(worker_of("train"), "big");
}

TEST_F(Targets, of_one_job_may_differ) {
  JobRow row = job(1, {task("here"), task("there")});
  row.targets = {{"arch == \"x86_64\"", {}}, {"arch == \"aarch64\"", {}}};
  row.tasks[1].target = 1;
  add(row);
  hello_with("board", 4, {{"arch", "aarch64"}});
  EXPECT_EQ(worker_of("there"), "board");
  EXPECT_EQ(worker_of("here"), "");
  hello_with("server", 4, {{"arch", "x86_64"}});
  EXPECT_EQ(worker_of("here"), "server");
}

TEST_F(Targets, that_name_several_kinds_prefer_the_first) {
  hello_with("plain", 1, {{"isa", {"avx2"}}});
  hello_with("vnni", 1, {{"isa", {"avx2", "avx512_vnni"}}});
  add(aimed(1, {task("1"), task("2"), task("3")}, "", {"\"avx512_vnni\" in isa", "\"avx2\" in isa"}));
  EXPECT_EQ(worker_of("1"), "vnni");
  EXPECT_EQ(worker_of("2"), "plain") << "the preferred one is busy: better this one than none";
  EXPECT_EQ(worker_of("3"), "");
}

TEST_F(Targets, let_a_worker_take_what_comes_later_in_the_plan) {
  JobRow row = job(1, {task("for others"), task("for it")});
  row.targets = {{"cores > 100", {}}, {"", {}}};
  row.tasks[1].target = 1;
  hello_with("w", 1, {{"cores", 2}});
  add(row);
  EXPECT_EQ(worker_of("for it"), "w");
}

TEST_F(Targets, no_worker_matches_what_can_not_be_read) {
  hello("w", 4);
  add(aimed(1, {task("train")}, "no such fact =="));
  EXPECT_TRUE(all<GiveOut>().empty());
  const auto why = core_.explain(key("train"));
  ASSERT_TRUE(why);
  ASSERT_EQ(why->workers.size(), 1u);
  EXPECT_FALSE(why->workers[0].obstacles.empty());
}

TEST_F(Targets, tasks_are_packed_into_the_memory_of_a_host) {
  JobRow row = job(1, {task("1"), task("2"), task("3")});
  row.memory_bytes = 3 * kGib;
  hello_with("a", 4, {{"host", "h"}, {"memory", 8 * kGib}});
  hello_with("b", 4, {{"host", "h"}, {"memory", 8 * kGib}});
  add(row);
  EXPECT_EQ(all<GiveOut>().size(), 2u) << "two workers of one host share its memory";
  finish("a", 1);
  EXPECT_EQ(all<GiveOut>().size(), 1u);
}

TEST_F(Targets, a_benchmark_has_the_host_for_itself_not_only_a_worker_of_it) {
  hello_with("a", 2, {{"host", "h"}});
  hello_with("b", 2, {{"host", "h"}});
  add(job(1, {task("train"), task("benchmark", {}, true)}, 60));
  EXPECT_EQ(given("benchmark"), 0);
  add(job(2, {task("more")}));
  EXPECT_TRUE(all<GiveOut>().empty()) << "both workers are kept free";
  finish("a", given("train") + 1);
  EXPECT_NE(given("benchmark"), 0);
  EXPECT_EQ(given("more"), 0);
}

TEST_F(Targets, a_host_is_kept_free_also_by_a_neighbour_that_could_not_take_the_benchmark) {
  hello_with("a", 1, {{"host", "h"}, {"labels.role", "measure"}});
  hello_with("b", 1, {{"host", "h"}});
  add(job(1, {task("long")}, 90));  // on a: both are empty
  JobRow row = aimed(2, {task("benchmark", {}, true)}, "labels.role == \"measure\"", {}, 80);
  add(row);
  add(job(3, {task("1"), task("2"), task("3")}, 70));
  const auto on_neighbour = given("1");
  EXPECT_NE(on_neighbour, 0) << "nobody could drain yet";
  finish("a", given("long") + 1);
  EXPECT_TRUE(all<GiveOut>().empty());
  finish("b", on_neighbour);
  EXPECT_EQ(worker_of("benchmark"), "a");
  EXPECT_EQ(all<GiveOut>().size(), 1u) << "the neighbour keeps still";
}

TEST_F(Targets, follow_what_changes_while_a_worker_lives) {
  hello_with("a", 1, {{"cores", 4}, {"load", 7.5}});
  add(aimed(1, {task("1")}, "load < 2 && cores == 4"));
  EXPECT_TRUE(all<GiveOut>().empty());
  wire::Heartbeat heartbeat{"a", "s", {}, 2};
  heartbeat.facts = json::object{{"load", 0.5}, {"cores", 64}};
  step(WorkerHeartbeat{"peer-a", heartbeat});
  EXPECT_EQ(worker_of("1"), "a") << "cores don't change";
}

TEST_F(Targets, a_job_starts_no_more_at_once_than_its_limit) {
  JobRow row = job(1, {task("1"), task("2"), task("3")});
  row.max_parallel = 2;
  hello("a", 8);
  add(row);
  EXPECT_EQ(all<GiveOut>().size(), 2u);
  finish("a", 1);
  EXPECT_EQ(all<GiveOut>().size(), 1u);
}

TEST_F(Targets, a_cordoned_worker_is_given_nothing_also_after_a_restart) {
  hello("a", 2);
  step(WorkerCordoned{{"a"}, true, false});
  EXPECT_EQ(writes<CordonWorker>().size(), 1u);
  add(job(1, {task("1")}));
  EXPECT_TRUE(all<GiveOut>().empty());
  step(WorkerCordoned{{"a"}, false, false});
  EXPECT_EQ(all<GiveOut>().size(), 1u);

  Core next{Settings{}};
  next.step(now_, Started{2, 10, {{"a"}}});
  next.step(now_, JobAdded{job(1, {task("1")})});
  wire::Hello message;
  message.worker = "a";
  message.session = "s";
  message.slots = 2;
  for (const Action& action : next.step(now_, WorkerHello{"p", message}))
    EXPECT_FALSE(std::holds_alternative<GiveOut>(action));
}

TEST_F(Targets, a_drained_worker_gives_its_trainings_back_and_keeps_the_rest) {
  hello("a", 2);
  JobRow row = job(1, {task("train"), task("other")});
  row.tasks[0].preemptible = true;
  add(row);
  hello("b", 2);
  step(WorkerCordoned{{"a"}, true, true});
  ASSERT_EQ(messages<wire::Cancel>().size(), 1u);
  EXPECT_EQ(worker_of("train"), "b");
  EXPECT_EQ(core_.counts().attempts, 2u);
}

}  // namespace
}  // namespace espalier::core
