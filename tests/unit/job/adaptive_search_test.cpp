// Halving and nsga2: what they search in, what is planned of what they ask for, and what stands in their way.
#include <cmath>
#include <map>

#include "tests/unit/job/plans.hpp"

namespace espalier::job {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::Pointwise;
using Names = std::vector<std::string>;

const std::string kSpace =
    "[sweep]\n\"train.learning_rate\" = { log_uniform = [1e-4, 1e-1] }\n\"model.width\" = [0.5, 1.0, 2.0]\n"
    "\"train.batch_size\" = { int = [16, 25] }\n";
const std::string kTrade = "[objectives]\naccuracy = \"max\"\nlatency_p50_ms = \"min\"\n";

std::string halving(const std::string& search, const std::string& more,
                    const std::string& pipeline = "[\"train\"]") {
  return "pipeline = " + pipeline + "\n" + kBasics + "[search]\nstrategy = \"halving\"\n" + search + more;
}
std::string nsga2(const std::string& search, const std::string& more = kTrade + kSpace) {
  return "pipeline = [\"train\"]\n" + kBasics + "[search]\nstrategy = \"nsga2\"\n" + search + more;
}
const std::string kNineEpochs = "[train]\nepochs = 9\n";

Plan asked_of(const std::string& text, const std::vector<Proposal>& asked) {
  auto result = plan_job(text, made_up_surroundings(), &asked);
  EXPECT_TRUE(result.plan.has_value()) << render(result.errors, "job.toml", text);
  return result.plan.value_or(Plan{});
}

const Task& task_of(const Plan& plan, const Trial& trial, std::size_t index) {
  return plan.tasks.at(trial.tasks.at(index).task);
}

// The trial's tasks as "stage role".
Names shown(const Plan& plan, const Trial& trial) {
  Names names;
  for (std::size_t i = 0; i < trial.tasks.size(); ++i)
    names.push_back(std::string(to_string(task_of(plan, trial, i).stage)) + " " +
                    std::string(to_string(trial.tasks[i].role)));
  return names;
}

TEST(AdaptiveSearch, AGridAndRandomHaveNone) {
  const auto grid = plan_of("pipeline = [\"train\"]\n" + kBasics + "[sweep]\n\"train.epochs\" = [1, 2]\n");
  EXPECT_FALSE(grid.search.has_value());
  EXPECT_TRUE(grid.spaces.empty());
  EXPECT_TRUE(grid.trials.front().point.empty());
  const auto text =
      "pipeline = [\"train\"]\n" + kBasics + "[search]\nstrategy = \"random\"\ntrials = 5\n" + kSpace;
  EXPECT_FALSE(plan_of(text).search.has_value());
  EXPECT_EQ(asked_of(text, {}).trials.size(), 5U) << "what is asked for is of no matter";
}

TEST(AdaptiveSearch, OfNsga2SaysItsPopulationAndWhatItSearchesIn) {
  const auto plan = plan_of(nsga2("trials = 40\npopulation = 12\n"));
  ASSERT_TRUE(plan.search.has_value());
  EXPECT_EQ(plan.search->strategy, Search::Strategy::nsga2);
  EXPECT_EQ(plan.search->trials, 40U);
  EXPECT_EQ(plan.search->population, 12U);
  EXPECT_EQ(plan.search->seed, 1);
  ASSERT_EQ(plan.spaces.size(), 1U);
  const auto& space = plan.spaces[0];
  EXPECT_EQ(space.group, "main");
  EXPECT_TRUE(space.rungs.empty());
  ASSERT_EQ(space.axes.size(), 3U);
  EXPECT_EQ(space.axes[0].kind, SearchAxis::Kind::real);
  EXPECT_EQ(space.axes[1].kind, SearchAxis::Kind::listed);
  EXPECT_EQ(space.axes[1].count, 3U);
  EXPECT_EQ(space.axes[2].kind, SearchAxis::Kind::whole);
  EXPECT_EQ(space.axes[2].count, 10U);
  ASSERT_EQ(space.drawn.size(), 12U);
  EXPECT_EQ(plan.trials.size(), 40U) << "offline: the most that would run";
}

TEST(AdaptiveSearch, BeginsWithThePointsThatRandomWouldTry) {
  const auto random = plan_of("pipeline = [\"train\"]\n" + kBasics +
                              "[search]\nstrategy = \"random\"\ntrials = 12\n" + kSpace);
  const auto plan = plan_of(nsga2("trials = 12\n"));
  ASSERT_EQ(plan.trials.size(), random.trials.size());
  ASSERT_EQ(plan.spaces[0].drawn.size(), random.trials.size());
  for (std::size_t i = 0; i < plan.trials.size(); ++i) {
    EXPECT_EQ(plan.trials[i].params, random.trials[i].params);
    EXPECT_EQ(plan.trials[i].point, plan.spaces[0].drawn[i]);
  }
}

TEST(AdaptiveSearch, EqualWholeNumbersHaveEqualNumbers) {
  const auto plan = plan_of(nsga2("trials = 40\n"));
  std::map<std::int64_t, std::set<double>> numbers;
  for (const auto& trial : plan.trials)
    numbers[trial.params.at("train.batch_size").as_int64()].insert(trial.point.at(2));
  EXPECT_GT(numbers.size(), 5U);
  for (const auto& [value, all] : numbers) {
    ASSERT_EQ(all.size(), 1U);
    EXPECT_DOUBLE_EQ(*all.begin(), (static_cast<double>(value - 16) + 0.5) / 10);
  }
}

TEST(AdaptiveSearch, HasSixteenPointsAGenerationOrAsManyAsThereAreTrials) {
  EXPECT_EQ(plan_of(nsga2("trials = 100\n")).search->population, 16U);
  EXPECT_EQ(plan_of(nsga2("trials = 15\n")).search->population, 12U);
  EXPECT_EQ(plan_of(nsga2("trials = 8\n")).search->population, 8U);
}

TEST(AdaptiveSearch, OfHalvingDecidesByTheFirstObjectiveThatAnEvaluationGives) {
  const auto search = [](const std::string& objectives) {
    return *plan_of(halving("trials = 5\n", kNineEpochs + objectives + kSpace)).search;
  };
  EXPECT_EQ(search("").metric, "accuracy");
  EXPECT_TRUE(search("").maximize);
  const auto by_loss = search("[objectives]\nlatency_p50_ms = \"min\"\nloss = \"min\"\naccuracy = \"max\"\n");
  EXPECT_EQ(by_loss.metric, "loss");
  EXPECT_FALSE(by_loss.maximize);
  EXPECT_EQ(by_loss.reduction, 3);
  EXPECT_EQ(by_loss.trials, 5U);
}

TEST(AdaptiveSearch, RungsGrowByTheReductionAndEndWithAllEpochs) {
  const auto rungs = [](const std::string& search, int epochs) {
    const auto train = "[train]\nepochs = " + std::to_string(epochs) + "\n";
    return plan_of(halving("trials = 5\n" + search, train + kSpace)).spaces.at(0).rungs;
  };
  EXPECT_THAT(rungs("", 9), ElementsAre(1, 3, 9));
  EXPECT_THAT(rungs("", 10), ElementsAre(1, 3, 9, 10));
  EXPECT_THAT(rungs("min_epochs = 4\nreduction = 2\n", 20), ElementsAre(4, 8, 16, 20));
  EXPECT_THAT(rungs("min_epochs = 4\n", 5), ElementsAre(4, 5));
}

TEST(AdaptiveSearch, SubmittedHasNoTrialButThoseOfGroupsWithoutASweep) {
  const auto text = kBasics + "[search]\nstrategy = \"halving\"\ntrials = 6\n" + kNineEpochs +
                    "[[group]]\nname = \"plain\"\npipeline = [\"train\"]\n"
                    "[[group]]\nname = \"tuned\"\npipeline = [\"train\"]\n"
                    "sweep = { \"train.learning_rate\" = { uniform = [0.01, 0.1] } }\n";
  const auto plan = asked_of(text, {});
  ASSERT_EQ(plan.trials.size(), 1U);
  EXPECT_EQ(plan.trials[0].group, "plain");
  EXPECT_THAT(shown(plan, plan.trials[0]), ElementsAre("train own", "evaluate own", "benchmark own"));
  EXPECT_FALSE(task_of(plan, plan.trials[0], 0).spec.at("settings").as_object().contains("until_epoch"));
  ASSERT_EQ(plan.spaces.size(), 1U);
  EXPECT_EQ(plan.spaces[0].group, "tuned");
  EXPECT_EQ(plan.spaces[0].drawn.size(), 6U);
}

TEST(AdaptiveSearch, ReportsAPointThatMakesNoSenseWhenTheJobIsSubmitted) {
  const std::vector<Proposal> none;
  const auto text =
      "pipeline = [\"train\"]\n" + kJob + kData +
      "[model]\nname = \"vit\"\ndim = 64\n[search]\nstrategy = \"nsga2\"\ntrials = 20\n" + kTrade +
      "[sweep]\n\"model.heads\" = [1, 2, 3, 4]\n\"train.learning_rate\" = { uniform = [0.1, 0.2] }\n";
  const auto result = plan_job(text, made_up_surroundings(), &none);
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(underlined(text, result.errors[0]), "3");
}

TEST(AdaptiveSearch, PlansTheValuesThatAPointStandsFor) {
  const std::vector<Proposal> asked = {{"main", {0.5, 2, 0.35}, 3, 0}, {"main", {0.0, 0, 0.0}, 4, 0}};
  const auto plan = asked_of(nsga2("trials = 40\n"), asked);
  ASSERT_EQ(plan.trials.size(), 2U);
  EXPECT_NEAR(plan.trials[0].params.at("train.learning_rate").as_double(), std::sqrt(1e-5), 1e-8);
  EXPECT_EQ(plan.trials[0].params.at("model.width").as_double(), 2.0);
  EXPECT_EQ(plan.trials[0].params.at("train.batch_size").as_int64(), 19);
  EXPECT_EQ(plan.trials[0].point, asked[0].point);
  EXPECT_EQ(plan.trials[0].generation, 3);
  EXPECT_EQ(plan.trials[1].params.at("train.learning_rate").as_double(), 1e-4);
  EXPECT_EQ(plan.trials[1].params.at("train.batch_size").as_int64(), 16);
  EXPECT_THAT(shown(plan, plan.trials[0]), ElementsAre("train own", "evaluate own", "benchmark own"));
}

TEST(AdaptiveSearch, PlansADrawnPointAsOfflineDoes) {
  const auto text = halving("trials = 5\n", kNineEpochs + kSpace);
  const auto whole = plan_of(text);
  std::vector<Proposal> asked;
  for (const auto& point : whole.spaces[0].drawn) asked.push_back({"main", point, 0, 2});
  const auto plan = asked_of(text, asked);
  EXPECT_EQ(keys_of(plan), keys_of(whole));
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(plan.trials[i].params, whole.trials[i].params);
    EXPECT_EQ(whole.trials[i].rung, 2U);
    EXPECT_EQ(whole.trials[i].point, asked[i].point);
  }
}

TEST(AdaptiveSearch, ReportsAPointOrARungThatItsSpaceDoesNotHave) {
  const auto text = halving("trials = 5\n", kNineEpochs + kSpace);
  const std::vector<Proposal> wrong = {{"main", {1.0, 0, 0.5}, 0, 0},          {"main", {0.5, 3, 0.5}, 0, 0},
                                       {"main", {0.5, 0.5, 0.5}, 0, 0},        {"main", {0.5, -1, 0.5}, 0, 0},
                                       {"main", {0.5, 0, std::nan("")}, 0, 0}, {"main", {0.5, 0}, 0, 0},
                                       {"main", {0.5, 0, 0.5}, 0, 3}};
  for (const auto& proposal : wrong) {
    const std::vector<Proposal> asked = {proposal};
    EXPECT_EQ(plan_job(text, made_up_surroundings(), &asked).errors.size(), 1U);
  }
}

TEST(Rungs, AreTrainingsThatGoOnFromEachOthersState) {
  const auto text = halving("trials = 5\n", kNineEpochs + kSpace, "[\"train\", \"quantize\"]");
  const auto plan = asked_of(text, {{"main", {0.5, 1, 0.5}, 0, 2}});
  ASSERT_EQ(plan.trials.size(), 1U);
  const auto& trial = plan.trials[0];
  EXPECT_EQ(trial.rung, 2U);
  EXPECT_THAT(shown(plan, trial), ElementsAre("train own", "evaluate rung", "train own", "evaluate rung",
                                              "train own", "quantize own", "evaluate own", "benchmark own"));
  const int epochs[] = {1, 3, 9};
  for (const std::size_t rung : {0U, 1U, 2U}) {
    const auto& task = task_of(plan, trial, 2 * rung);
    const auto& settings = task.spec.at("settings").as_object();
    EXPECT_EQ(settings.at("epochs").as_int64(), 9) << "the schedule is of the whole training";
    EXPECT_EQ(settings.at("until_epoch").as_int64(), epochs[rung]);
    EXPECT_TRUE(task.spec.contains("model"));
    ASSERT_EQ(task.inputs.size(), rung == 0 ? 0U : 1U);
    if (rung > 0) {
      EXPECT_EQ(task.inputs[0].role, "state");
      EXPECT_EQ(task.inputs[0].output, "state");
      EXPECT_EQ(task.inputs[0].task, task_of(plan, trial, 2 * rung - 2).key);
    }
    EXPECT_EQ(task_of(plan, trial, 2 * rung + 1).inputs.at(0).task, task.key)
        << "what is evaluated or quantized";
  }
}

TEST(Rungs, OfATrialThatIsPromotedKeepTheTasksItHadBefore) {
  const auto text = halving("trials = 5\n", kNineEpochs + kSpace);
  const auto up_to = [&](std::size_t rung) { return asked_of(text, {{"main", {0.5, 1, 0.5}, 0, rung}}); };
  const auto first = up_to(0), second = up_to(1), third = up_to(2);
  EXPECT_THAT(shown(first, first.trials[0]), ElementsAre("train own", "evaluate rung"));
  EXPECT_THAT(shown(second, second.trials[0]),
              ElementsAre("train own", "evaluate rung", "train own", "evaluate rung"));
  EXPECT_THAT(shown(third, third.trials[0]),
              ElementsAre("train own", "evaluate rung", "train own", "evaluate rung", "train own",
                          "evaluate own", "benchmark own"));
  for (const auto* less : {&first, &second}) {
    for (std::size_t i = 0; i < less->trials[0].tasks.size(); ++i)
      EXPECT_EQ(task_of(*less, less->trials[0], i).key, task_of(third, third.trials[0], i).key);
  }
  EXPECT_EQ(first.trials[0].params, third.trials[0].params);
}

TEST(Rungs, TakeTheirShareOfTheTrainingsEffort) {
  const auto plan = asked_of(halving("trials = 5\n", kNineEpochs + kSpace), {{"main", {0.5, 1, 0.5}, 0, 2}});
  std::vector<double> work;
  for (const auto* task : tasks_of(plan, Stage::train)) work.push_back(task->work);
  EXPECT_THAT(work, Pointwise(DoubleEq(), {1.0, 2.0, 6.0}));
  std::set<std::uint64_t> kinds;
  for (const auto* task : tasks_of(plan, Stage::train)) kinds.insert(task->kind);
  EXPECT_EQ(kinds.size(), 1U);
}

TEST(Rungs, AreSharedByTrialsThatTrainAlike) {
  const auto text =
      halving("trials = 5\n", kNineEpochs + "[sweep]\n\"quantize.method\" = [\"dynamic\", \"static\"]\n",
              "[\"train\", \"quantize\"]");
  const auto plan = asked_of(text, {{"main", {0}, 0, 2}, {"main", {1}, 0, 2}});
  EXPECT_EQ(tasks_of(plan, Stage::train).size(), 3U);
  EXPECT_EQ(tasks_of(plan, Stage::quantize).size(), 2U);
}

struct Obstacle {
  std::string name, text, code, underlined, said;
};
void PrintTo(const Obstacle& obstacle, std::ostream* out) {
  *out << obstacle.name;
}

class EveryObstacle : public testing::TestWithParam<Obstacle> {};

TEST_P(EveryObstacle, IsReportedOnceAtItsPlace) {
  const auto& obstacle = GetParam();
  const auto result = planned(obstacle.text);
  ASSERT_EQ(result.errors.size(), 1U) << render(result.errors, "job.toml", obstacle.text);
  const auto& error = result.errors.front();
  EXPECT_EQ(error.code, obstacle.code) << error.message;
  EXPECT_THAT(error.message + "\n" + error.help, testing::HasSubstr(obstacle.said));
  EXPECT_EQ(underlined(obstacle.text, error), obstacle.underlined);
}

const std::string kGrid = "pipeline = [\"train\"]\n" + kBasics + "[search]\n";
const std::string kRandom = kGrid + "strategy = \"random\"\ntrials = 9\n";
const std::string kFive = "trials = 5\n";

INSTANTIATE_TEST_SUITE_P(
    Search, EveryObstacle,
    testing::Values(
        Obstacle{"PopulationOfAGrid", kGrid + "population = 8\n", "E015", "population", "nsga2"},
        Obstacle{"ReductionOfRandom", kRandom + "reduction = 2\n" + kSpace, "E015", "reduction", "halving"},
        Obstacle{"MinEpochsOfNsga2", nsga2("trials = 20\nmin_epochs = 2\n"), "E015", "min_epochs", "halving"},
        Obstacle{"PopulationOfHalving", halving(kFive + "population = 8\n", kNineEpochs + kSpace), "E015",
                 "population", "generation"},
        Obstacle{"Nsga2WithoutTrials", nsga2(""), "E014", "strategy", "trials = 50"},
        Obstacle{"TooFewTrials", nsga2("trials = 7\n"), "E012", "7", "at least 8"},
        Obstacle{"PopulationAboveTrials", nsga2("trials = 20\npopulation = 24\n"), "E012", "24",
                 "20 `trials`"},
        Obstacle{"OddPopulation", nsga2("trials = 20\npopulation = 10\n"), "E012", "10", "write 12"},
        Obstacle{"SmallPopulation", nsga2("trials = 20\npopulation = 4\n"), "E012", "4", "from 8"},
        Obstacle{"LargeReduction", halving(kFive + "reduction = 11\n", kNineEpochs + kSpace), "E012", "11",
                 "from 2 to 10"},
        Obstacle{"NoEpochs", halving(kFive + "min_epochs = 0\n", kNineEpochs + kSpace), "E012", "0",
                 "from 1"},
        Obstacle{"FewerPointsThanAGeneration",
                 nsga2("trials = 20\n", kTrade + "[sweep]\n\"model.width\" = [0.5, 1.0]\n"), "E012",
                 "\"model.width\"", "has 2 points"},
        Obstacle{"NothingToSearchIn", nsga2("trials = 20\n", kTrade), "E014", "strategy", "[sweep]"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Aims, EveryObstacle,
    testing::Values(
        Obstacle{"NoObjectives", nsga2("trials = 20\n", kSpace), "E014", "strategy", "[objectives]"},
        Obstacle{"SevenObjectives",
                 nsga2("trials = 20\n", kTrade +
                                            "loss = \"min\"\nparams = \"min\"\nmacs = \"min\"\n"
                                            "size_bytes = \"min\"\npeak_rss_bytes = \"min\"\n" +
                                            kSpace),
                 "E012", "peak_rss_bytes", "at most 6"},
        Obstacle{"SpeedupOfNothing", nsga2("trials = 20\n", kTrade + "speedup = \"max\"\n" + kSpace), "E015",
                 "speedup", "compresses nothing"},
        Obstacle{"GainWithoutATeacher", nsga2("trials = 20\n", kTrade + "gain = \"max\"\n" + kSpace), "E015",
                 "gain", "distill"},
        Obstacle{"ConstraintThatIsNotMeasured",
                 nsga2("trials = 20\n", kTrade + "[constraints]\nspeedup = \"> 1\"\n" + kSpace), "E015",
                 "speedup", "compresses nothing"},
        Obstacle{"NoBenchmark", nsga2("trials = 20\n", kTrade + "[benchmark]\nenabled = false\n" + kSpace),
                 "E015", "false", "`benchmark` is off"},
        Obstacle{"NoEvaluation", halving(kFive, kNineEpochs + "[evaluate]\nenabled = false\n" + kSpace),
                 "E015", "false", "`evaluate` is off"},
        Obstacle{"EvaluationSwept",
                 halving(kFive, kNineEpochs + kSpace + "\"evaluate.enabled\" = [true, false]\n"), "E015",
                 "false", "`evaluate` is off"},
        Obstacle{"SyntheticData",
                 "pipeline = [\"train\"]\n" + kJob + kModel +
                     "[data]\nformat = \"synthetic\"\n[search]\nstrategy = \"halving\"\n" + kFive +
                     kNineEpochs + kSpace,
                 "E015", "\"synthetic\"", "no accuracy"},
        Obstacle{"Repeats",
                 "pipeline = [\"train\"]\n[job]\nname = \"t\"\nrepeats = 3\n" + kData + kModel +
                     "[search]\nstrategy = \"nsga2\"\ntrials = 20\n" + kTrade + kSpace,
                 "E015", "3", "run the best ones again"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Halving, EveryObstacle,
    testing::Values(
        Obstacle{"RepeatsOfHalving",
                 "pipeline = [\"train\"]\n[job]\nname = \"t\"\nrepeats = 2\n" + kData + kModel +
                     "[search]\nstrategy = \"halving\"\n" + kFive + kNineEpochs + kSpace,
                 "E015", "2", "run the best ones again"},
        Obstacle{"NoTraining", halving(kFive, "[sweep]\n\"prune.amount\" = [0.1, 0.2]\n", "[\"prune\"]"),
                 "E041", "[\"prune\"]", "begin with `train`"},
        Obstacle{"EpochsSwept", halving(kFive, "[sweep]\n\"train.epochs\" = [4, 8]\n"), "E015",
                 "\"train.epochs\"", "decides how long"},
        Obstacle{"EpochsZipped",
                 "zip = [[\"model.width\", \"train.epochs\"]]\n" +
                     halving(kFive, "[sweep]\n\"model.width\" = [1.0, 2.0]\n\"train.epochs\" = [4, 8]\n"),
                 "E015", "\"model.width\"", "decides how long"},
        Obstacle{"Patience", halving(kFive, kNineEpochs + "patience = 2\n" + kSpace), "E015", "2",
                 "decides how long"},
        Obstacle{"PatienceSwept", halving(kFive, kNineEpochs + "[sweep]\n\"train.patience\" = [1, 2]\n"),
                 "E015", "\"train.patience\"", "decides how long"},
        Obstacle{"OneRung", halving(kFive, "[train]\nepochs = 1\n" + kSpace), "E012", "1",
                 "nothing to decide"},
        Obstacle{"OneRungByDefault", halving(kFive + "min_epochs = 2\n", kSpace), "E012", "2",
                 "nothing to decide"}),
    [](const auto& test) { return test.param.name; });

TEST(AdaptiveSearch, HasAtMostAHundredThousandTrials) {
  const auto errors = [](int trials) {
    return planned(kBasics + "[search]\nstrategy = \"nsga2\"\ntrials = " + std::to_string(trials) + "\n" +
                   kTrade +
                   "[[group]]\nname = \"a\"\npipeline = [\"traim\"]\n"  // a mistake: nothing is expanded
                   "sweep = { \"train.learning_rate\" = { uniform = [0.01, 0.1] } }\n")
        .errors;
  };
  EXPECT_EQ(errors(99'000).size(), 1U);
  const auto too_many = errors(100'001);
  ASSERT_EQ(too_many.size(), 2U);
  EXPECT_TRUE(std::any_of(too_many.begin(), too_many.end(), [](const auto& e) { return e.code == "E053"; }));
}

TEST(AdaptiveSearch, AFinetuningMayHavePatience) {
  plan_of(halving(kFive, kNineEpochs + "[finetune]\npatience = 2\n" + kSpace,
                  "[\"train\", \"prune\", \"finetune\"]"));
}

TEST(AdaptiveSearch, AGroupWithoutASweepMayDoWhatTheSearchCannot) {
  plan_of(kBasics + "[search]\nstrategy = \"halving\"\n" + kFive + kNineEpochs +
          "[[group]]\nname = \"as-it-is\"\npipeline = []\nevaluate = { enabled = false }\n"
          "[[group]]\nname = \"tuned\"\npipeline = [\"train\"]\n"
          "sweep = { \"train.learning_rate\" = { uniform = [0.01, 0.1] } }\n");
}

}  // namespace
}  // namespace espalier::job
