#include "tests/unit/job/plans.hpp"

namespace espalier::job {
namespace {

using testing::ElementsAre;

const Target kAny;

TEST(Targets, OfAJobWithoutAnyIsEveryWorker) {
  const auto plan = plan_of("pipeline = [\"train\"]\n" + kBasics);
  EXPECT_THAT(plan.targets, ElementsAre(kAny));
  for (const auto& task : plan.tasks) EXPECT_EQ(task.target, 0U);
  EXPECT_EQ(plan.max_parallel, 0);
}

TEST(Targets, OfTheJobAreItsTasksTargets) {
  const auto plan = plan_of("pipeline = [\"train\"]\n" + kBasics +
                            "[target]\nrequire = 'cores >= 4'\nany_of = [\"device == 'cuda'\", 'true']\n");
  EXPECT_THAT(plan.targets, ElementsAre(kAny, Target{"cores >= 4", {"device == 'cuda'", "true"}}));
  for (const auto& task : plan.tasks) EXPECT_EQ(task.target, 1U);
}

const std::string kGroups = kBasics + R"(
[target]
require = 'cores >= 4'
[[group]]
name = "as the job"
pipeline = []
[[group]]
name = "elsewhere"
pipeline = ["train"]
target = { require = 'arch == "aarch64"' }
[[group]]
name = "fast"
pipeline = ["train", "prune"]
target = { any_of = ['l3 >= 32MiB'] }
[[group]]
name = "anywhere"
pipeline = ["train", "quantize"]
target = { require = ' ' }
[[group]]
name = "as the job too"
pipeline = ["train", "prune", "finetune"]
)";

TEST(Targets, OfGroupsAreLaidOverTheJobsAndListedOnce) {
  const auto plan = plan_of(kGroups);
  EXPECT_THAT(plan.targets, ElementsAre(kAny, Target{"cores >= 4", {}}, Target{"arch == \"aarch64\"", {}},
                                        Target{"cores >= 4", {"l3 >= 32MiB"}}));
  std::vector<std::size_t> of_trials;
  for (const auto& trial : plan.trials) of_trials.push_back(plan.tasks[trial.tasks.back().task].target);
  EXPECT_THAT(of_trials, ElementsAre(1U, 2U, 3U, 0U, 1U));
}

TEST(Targets, OfATaskThatGroupsShareAreTheFirstGroups) {
  const auto plan = plan_of(kGroups);
  ASSERT_EQ(tasks_of(plan, Stage::train).size(), 1U);
  EXPECT_EQ(tasks_of(plan, Stage::train).front()->target, 2U);
  ASSERT_EQ(tasks_of(plan, Stage::prune).size(), 1U);
  EXPECT_EQ(tasks_of(plan, Stage::prune).front()->target, 3U);
}

TEST(Targets, AreNoPartOfAKey) {
  const auto before = plan_of("pipeline = [\"train\"]\n" + kBasics);
  const auto after = plan_of("pipeline = [\"train\"]\n" + kBasics +
                             "[target]\nrequire = 'cores >= 4'\n[limits]\nmax_parallel = 3\n");
  EXPECT_EQ(keys_of(before), keys_of(after));
}

TEST(Targets, AreKnownBeforeTheFirstTask) {
  std::size_t targets = 0;
  PlanSink sink;
  sink.head = [&](const Plan& head) { targets = head.targets.size(); };
  sink.part = [&](const std::vector<Trial>&, const std::vector<Task>& tasks) {
    for (const auto& task : tasks) EXPECT_LT(task.target, targets);
  };
  EXPECT_TRUE(plan_job(kGroups, made_up_surroundings(), sink).empty());
  EXPECT_EQ(targets, 4U);
}

TEST(Limits, HoldHowManyTasksRunAtOnce) {
  EXPECT_EQ(plan_of("pipeline = []\n" + kBasics + "[limits]\nmax_parallel = 3\n").max_parallel, 3);
}

}  // namespace
}  // namespace espalier::job
