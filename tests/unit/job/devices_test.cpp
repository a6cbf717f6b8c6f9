#include <map>

#include "tests/unit/job/plans.hpp"

namespace espalier::job {
namespace {

using testing::ElementsAre;

// What there is: by expression (the last term of what is asked), classes.
using Fleet = std::map<std::string, std::vector<std::string>>;

Planned planned_with(const Fleet& fleet, const std::string& text) {
  auto surroundings = made_up_surroundings();
  surroundings.device_classes = [&fleet](const Target& target) {
    for (const auto& [term, classes] : fleet) {
      if (target.require.ends_with(term) || target.require.ends_with("(" + term + ")")) return classes;
    }
    return std::vector<std::string>{};
  };
  return plan_job(text, surroundings);
}

std::string measured_on(const std::string& device, const std::string& more = "") {
  return "pipeline = [\"train\"]\n" + kBasics + "[benchmark]\ndevice = " + device + "\n" + more;
}

// Device class and required expression of each benchmark.
std::vector<std::pair<std::string, std::string>> measurements(const Plan& plan) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto* task : tasks_of(plan, Stage::benchmark)) {
    found.emplace_back(task->spec.at("device_class").as_string(), plan.targets[task->target].require);
  }
  return found;
}

TEST(Devices, OfAJobThatNamesNoneAreTheClassThatMostWorkersHave) {
  const auto plan = *planned_with({{"device == \"cpu\"", {"big", "small"}}}, measured_on("\"cpu\"")).plan;
  EXPECT_THAT(measurements(plan), ElementsAre(std::pair("big", "device_class == \"big\"")));
}

TEST(Devices, ThatNobodyHasYetLeaveItToWhoeverComes) {
  const auto plan = *planned_with({}, measured_on("\"cpu\"", "[target]\nrequire = 'cores >= 2'\n")).plan;
  EXPECT_THAT(measurements(plan), ElementsAre(std::pair("cpu", "cores >= 2")));
}

TEST(Devices, AreAskedForOnlyIfSomethingIsMeasured) {
  // With no worker there the coordinator waits a while before it answers.
  auto surroundings = made_up_surroundings();
  int asked = 0;
  surroundings.device_classes = [&asked](const Target&) { return ++asked, std::vector<std::string>{"big"}; };
  const std::string job = "pipeline = [\"train\"]\n" + kBasics;
  EXPECT_TRUE(plan_job(job + "[benchmark]\nenabled = false\n", surroundings).plan);
  EXPECT_EQ(asked, 0);
  const auto some = plan_job(job + "[sweep]\n\"benchmark.enabled\" = [true, false]\n", surroundings);
  EXPECT_THAT(measurements(*some.plan), ElementsAre(std::pair("big", "device_class == \"big\"")));
  EXPECT_EQ(asked, 1);
}

TEST(Devices, InAListAreEveryClassThatMatchesAndOneTrainingServesAll) {
  const Fleet fleet{{"device == \"cpu\"", {"big", "small"}}, {"arch == \"aarch64\"", {"board", "small"}}};
  const auto plan = *planned_with(fleet, measured_on("[\"cpu\", 'arch == \"aarch64\"', 'l3 > 1GiB']")).plan;
  EXPECT_THAT(measurements(plan), ElementsAre(std::pair("big", "device_class == \"big\""),
                                              std::pair("small", "device_class == \"small\""),
                                              std::pair("board", "device_class == \"board\""),
                                              std::pair("l3 > 1GiB", "l3 > 1GiB")));
  EXPECT_EQ(tasks_of(plan, Stage::train).size(), 1U);
  EXPECT_EQ(plan.trials.size(), 1U);
}

TEST(Devices, AreLookedForAmongTheWorkersOfTheTarget) {
  const Fleet fleet{{"device == \"cpu\"", {"a \"quoted\" name"}}};
  const auto plan =
      *planned_with(fleet, measured_on("[\"cpu\"]", "[target]\nrequire = 'cores >= 2 || cores < 1'\n")).plan;
  EXPECT_THAT(measurements(plan),
              ElementsAre(std::pair("a \"quoted\" name",
                                    "(cores >= 2 || cores < 1) && (device_class == 'a \"quoted\" name')")));
}

TEST(Devices, ThatAreSweptAreRefusedWithTheListToWriteInstead) {
  const std::string text =
      "pipeline = [\"train\"]\n" + kBasics + "[sweep]\n\"benchmark.device\" = [\"cpu\"]\n";
  const auto errors = planned(text).errors;
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors.front().message, testing::HasSubstr("can't be swept"));
  EXPECT_THAT(errors.front().help, testing::HasSubstr("device = ["));
}

}  // namespace
}  // namespace espalier::job
