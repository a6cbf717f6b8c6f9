// What is written and read of searches: their trials rung by rung, what these gave, and the search's end.
#include "tests/unit/store/database.hpp"

namespace espalier::store::testing {
namespace {

using Lines = std::vector<std::string>;
using Asked = std::vector<job::Proposal>;

constexpr std::size_t kRungs = 3;

job::Plan head_of(job::Search::Strategy strategy) {
  job::Plan plan;
  plan.name = "search";
  plan.groups = {"g", "plain"};
  job::Search search;
  search.strategy = strategy;
  search.trials = 9;
  const bool by_halving = strategy == job::Search::Strategy::halving;
  if (by_halving) search.metric = "accuracy";
  search.maximize = by_halving;
  plan.search = search;
  job::SearchSpace space;
  space.group = "g";
  space.axes = {{job::SearchAxis::Kind::real, 0}};
  if (by_halving) space.rungs = {1, 3, 9};
  plan.spaces = {space};
  return plan;
}

std::string name_of(const char* stage, double point, std::size_t rung) {
  return std::string(stage) + " " + std::to_string(point) + " at " + std::to_string(rung);
}

std::size_t add_task(job::Plan& plan, const std::string& name, job::Stage stage,
                     std::optional<std::size_t> input = std::nullopt) {
  job::Task task{key_of(name), stage, json::object{{"name", name}}, {}, false};
  if (input) task.inputs.push_back({"model", plan.tasks[*input].key, "model", {}, *input});
  plan.tasks.push_back(std::move(task));
  return plan.tasks.size() - 1;
}

// As the planner does it: a training and an evaluation a rung, the last one the trial's own, and a benchmark.
job::Plan halving(const Asked& asked) {
  auto plan = head_of(job::Search::Strategy::halving);
  for (const auto& proposal : asked) {
    const double x = proposal.point.at(0);
    job::Trial trial{"g", {{"x", x}}, {}, proposal.point, 0, proposal.rung};
    std::optional<std::size_t> model;
    for (std::size_t rung = 0; rung <= proposal.rung; ++rung) {
      model = add_task(plan, name_of("train", x, rung), job::Stage::train, model);
      trial.tasks.push_back({*model, job::TaskRole::own});
      const bool is_last = rung + 1 == kRungs;
      trial.tasks.push_back({add_task(plan, name_of("evaluate", x, rung), job::Stage::evaluate, model),
                             is_last ? job::TaskRole::own : job::TaskRole::rung});
    }
    if (proposal.rung + 1 == kRungs)
      trial.tasks.push_back(
          {add_task(plan, name_of("benchmark", x, 2), job::Stage::benchmark, model), job::TaskRole::own});
    plan.trials.push_back(std::move(trial));
  }
  const auto plain = add_task(plan, "plain", job::Stage::train);
  plan.trials.push_back({"plain", {}, {{plain, job::TaskRole::own}}});
  return plan;
}

job::Plan nsga2(const Asked& asked) {
  auto plan = head_of(job::Search::Strategy::nsga2);
  for (const auto& proposal : asked) {
    const double x = proposal.point.at(0);
    const auto evaluation = add_task(plan, name_of("evaluate", x, 0), job::Stage::evaluate);
    plan.trials.push_back(
        {"g", {{"x", x}}, {{evaluation, job::TaskRole::own}}, proposal.point, proposal.generation, 0});
  }
  return plan;
}

class Searches : public DatabaseTest {
 protected:
  Submitted write(const job::Plan& plan, const Submission& what,
                  std::optional<JobId> extends = std::nullopt) {
    const auto opened = store_->begin_submission(what, epoch_, extends);
    opened->head(plan);
    opened->part(plan.trials, plan.tasks);
    return opened->finish();
  }
  JobId begin(const job::Plan& plan) {
    auto what = submission();
    what.folder = "/home/ann";
    return write(plan, what).job.id;
  }
  Submitted ask(JobId job, const job::Plan& plan, const std::string& text = "a job") {
    auto what = submission(text);
    what.by_search = true;
    return write(plan, what, job);
  }
  void succeed(const std::string& task, std::vector<wire::Metric> metrics = {}) {
    store_->commit(success(attempt_++, id_of(task), std::move(metrics)), epoch_);
  }
  // Training and evaluation.
  void pass(double point, std::size_t rung, std::optional<double> accuracy) {
    succeed(name_of("train", point, rung), {metric("train_loss", 0.5)});
    succeed(name_of("evaluate", point, rung), {metric("accuracy", accuracy), metric("loss", 0.3)});
  }
  std::string hash() const { return submission().text_hash; }
  json::value summary(JobId job) { return store_->job_summaries(job).at(0).at("search"); }

  std::unique_ptr<Store> store_ = open();
  std::int64_t epoch_ = store_->begin_epoch().epoch;
  std::int64_t attempt_ = 1;
};

TEST_F(Searches, BeginWithWhatIsNotSearchedAndKnowWhatTheyGoOnFrom) {
  const auto submitted = write(halving({}), submission());
  EXPECT_TRUE(submitted.job.searching);
  EXPECT_EQ(rows("select group_name, rung, generation from v1.trials"), Lines{"plain|null|null"});
  EXPECT_TRUE(store_->job(submitted.job.id).searching);
  const auto searching = store_->searching(submitted.job.id);
  ASSERT_TRUE(searching.has_value());
  EXPECT_EQ(searching->text, "a job");
  EXPECT_TRUE(searching->told.empty());
  const auto plain = write(small_plan(), submission("another"));
  EXPECT_FALSE(plain.job.searching);
  EXPECT_FALSE(store_->searching(plain.job.id).has_value());
  EXPECT_FALSE(store_->asked(plain.job.id).has_value());
}

TEST_F(Searches, KeepTheFolderThatTheirTextsPathsAreRelativeTo) {
  EXPECT_EQ(store_->searching(begin(halving({})))->folder, "/home/ann");
}

TEST_F(Searches, GetTheirTrialsOnceHoweverOftenTheyAskForThem) {
  const auto job = begin(halving({}));
  const auto plan = halving({{"g", {0.25}, 0, 0}, {"g", {0.5}, 0, 0}});
  const auto first = ask(job, plan);
  EXPECT_EQ(first.trials, 2U);
  EXPECT_EQ(first.job.tasks.size(), 4U);
  EXPECT_EQ(ask(job, plan).trials, 0U);
  EXPECT_EQ(rows("select group_name, params, rung, state from v1.trials order by id"),
            (Lines{"plain|{}|null|waiting", "g|{\"x\": 0.25}|1|waiting", "g|{\"x\": 0.5}|1|waiting"}));
  EXPECT_EQ(one("select count(*) from espalier.job_task"), "5");
}

TEST_F(Searches, GiveATrialWhatItNeedsForAFurtherRungAndLeaveWhatItHas) {
  const auto job = begin(halving({}));
  ask(job, halving({{"g", {0.5}, 0, 0}}));
  pass(0.5, 0, 0.7);
  const auto further = ask(job, halving({{"g", {0.5}, 0, 1}}));
  EXPECT_EQ(further.trials, 1U);
  EXPECT_EQ(further.job.tasks.size(), 2U);
  ask(job, halving({{"g", {0.5}, 0, 0}}));
  EXPECT_EQ(
      rows("select t.stage, n.role, n.ordinal from v1.trial_tasks n join v1.tasks t on t.key = n.task_key "
           "where n.trial_id = (select max(id) from v1.trials) order by n.ordinal"),
      (Lines{"train|own|0", "evaluate|rung|1", "train|own|2", "evaluate|rung|3"}));
  EXPECT_EQ(one("select rung, state from v1.trials where group_name = 'g'"), "2|waiting");
  pass(0.5, 1, 0.8);
  ask(job, halving({{"g", {0.5}, 0, 2}}));
  pass(0.5, 2, 0.9);
  succeed(name_of("benchmark", 0.5, 2), {metric("latency_p50_ms", 2)});
  EXPECT_EQ(
      rows("select rung, epochs, metric, value, state from v1.rungs order by rung"),
      (Lines{"1|1|accuracy|0.7|succeeded", "2|3|accuracy|0.8|succeeded", "3|9|accuracy|0.9|succeeded"}));
  EXPECT_EQ(one("select accuracy, latency_p50_ms, rung from v1.results where group_name = 'g'"), "0.9|2|3");
}

TEST_F(Searches, AreToldHowTheirTrialsStand) {
  const auto job = begin(halving({}));
  ask(job, halving({{"g", {0.1}, 0, 0}, {"g", {0.2}, 0, 2}, {"g", {0.3}, 0, 0}, {"g", {0.4}, 0, 0}}));
  pass(0.1, 0, std::nullopt);
  pass(0.2, 0, 0.7);
  pass(0.2, 1, 0.8);
  pass(0.2, 2, 0.9);
  succeed(name_of("benchmark", 0.2, 2), {metric("latency_p50_ms", 2), metric("energy_j", std::nullopt)});
  store_->commit({SetTask{id_of(name_of("train", 0.3, 0)), TaskState::failed, 1, "loss is NaN"},
                  SetTask{id_of(name_of("evaluate", 0.3, 0)), TaskState::cancelled, 0, "an input failed"}},
                 epoch_);
  const auto searching = store_->searching(job);
  const auto& told = searching->told.at("g");
  ASSERT_EQ(told.size(), 4U);
  using State = search::Told::State;
  EXPECT_EQ(told[0].point, std::vector{0.1});
  EXPECT_EQ(told[0].state, State::succeeded);
  EXPECT_EQ(told[0].rungs, std::vector<std::optional<double>>{std::nullopt});
  EXPECT_EQ(told[1].rung, 2U);
  EXPECT_EQ(told[1].rungs, (std::vector<std::optional<double>>{0.7, 0.8, 0.9}));
  EXPECT_EQ(told[1].metrics,
            (std::map<std::string, double>{
                {"accuracy", 0.9}, {"latency_p50_ms", 2}, {"loss", 0.3}, {"train_loss", 0.5}}));
  EXPECT_EQ(told[2].state, State::failed);
  EXPECT_TRUE(told[2].rungs.empty());
  EXPECT_EQ(told[3].state, State::open);
  const auto asked = store_->asked(job);
  ASSERT_TRUE(asked.has_value());
  EXPECT_EQ(asked->at(1).rung, 2U);
  EXPECT_EQ(asked->at(3).point, std::vector{0.4});
}

TEST_F(Searches, ThatAreOverSayWhichTrialsTheyStoppedAndWhere) {
  const auto job = begin(halving({}));
  ask(job, halving({{"g", {0.1}, 0, 0}, {"g", {0.2}, 0, 2}, {"g", {0.3}, 0, 1}}));
  for (const double point : {0.1, 0.2, 0.3}) pass(point, 0, point);
  for (const double point : {0.2, 0.3}) pass(point, 1, point);
  pass(0.2, 2, 0.9);
  succeed(name_of("benchmark", 0.2, 2), {metric("latency_p50_ms", 2), metric("size_bytes", 7)});
  const auto reasons = [&] {
    return rows("select state, reason from v1.trials where group_name = 'g' order by id");
  };
  EXPECT_EQ(reasons(), (Lines{"succeeded|null", "succeeded|null", "succeeded|null"})) << "they may go on";
  EXPECT_TRUE(store_->end_search(job, hash(), "", epoch_));
  EXPECT_EQ(reasons(), (Lines{"succeeded|stopped at rung 1 of 3", "succeeded|null",
                              "succeeded|stopped at rung 2 of 3"}));
  EXPECT_EQ(rows("select accuracy, latency_p50_ms from v1.results where group_name = 'g' order by trial_id"),
            (Lines{"null|null", "0.9|2", "null|null"}));
  EXPECT_EQ(one("select params ->> 'x' from v1.pareto"), "0.2");
  EXPECT_EQ(one("select reason from v1.events where kind = 'job' order by id desc limit 1"),
            "its search has ended");
}

TEST_F(Searches, EndOnceAndOnlyByTheTextThatTheyGoBy) {
  const auto job = begin(halving({}));
  EXPECT_FALSE(store_->end_search(job, submission("another").text_hash, "", epoch_));
  EXPECT_TRUE(store_->end_search(job, hash(), "the file is gone", epoch_));
  EXPECT_FALSE(store_->end_search(job, hash(), "", epoch_));
  EXPECT_FALSE(store_->searching(job).has_value());
  EXPECT_FALSE(store_->job(job).searching);
  EXPECT_TRUE(store_->job(job).search_failed);
  EXPECT_THROW(ask(job, halving({{"g", {0.5}, 0, 0}})), Outdated);
  EXPECT_EQ(one("select count(*) from v1.trials"), "1");
}

TEST_F(Searches, AddNothingToAJobThatHasEndedAndWaitWhileItIsPaused) {
  const auto job = begin(halving({}));
  store_->commit({SetJob{job, JobState::paused}}, epoch_);
  EXPECT_FALSE(store_->searching(job).has_value());
  EXPECT_TRUE(store_->job(job).searching);
  store_->commit({SetJob{job, JobState::running}}, epoch_);
  EXPECT_TRUE(store_->searching(job).has_value());
  store_->commit({SetJob{job, JobState::cancelled}}, epoch_);
  EXPECT_FALSE(store_->searching(job).has_value());
  EXPECT_EQ(summary(job).at("finished"), true);
  EXPECT_THROW(ask(job, halving({{"g", {0.5}, 0, 0}})), Outdated);
}

TEST_F(Searches, GoOnIfTheirJobIsRetried) {
  const auto job = begin(halving({}));
  succeed("plain");
  store_->end_search(job, hash(), "the file is gone", epoch_);
  store_->commit({SetJob{job, JobState::failed}}, epoch_);
  EXPECT_EQ(store_->retry(job, epoch_), 1U);
  EXPECT_TRUE(store_->searching(job).has_value());
  EXPECT_FALSE(store_->job(job).search_failed);
  store_->commit({SetJob{job, JobState::cancelled}}, epoch_);
  EXPECT_EQ(store_->retry(job, epoch_), 1U) << "nothing but the search was cancelled";
  store_->end_search(job, hash(), "", epoch_);
  store_->commit({SetJob{job, JobState::succeeded}}, epoch_);
  EXPECT_EQ(store_->retry(job, epoch_), 0U);
  EXPECT_FALSE(store_->job(job).searching);
}

TEST_F(Searches, GoOnByAnotherTextThatAsksForMore) {
  const auto job = begin(halving({}));
  ask(job, halving({{"g", {0.5}, 0, 0}}));
  pass(0.5, 0, 0.7);
  store_->end_search(job, hash(), "", epoch_);
  store_->commit({SetJob{job, JobState::succeeded}}, epoch_);
  auto plan = halving(*store_->asked(job));
  plan.search->trials = 20;
  auto what = submission("more");
  what.folder = "/elsewhere";
  what.plan_hash = "as before";
  const auto extended = write(plan, what, job);
  EXPECT_TRUE(extended.job.searching);
  EXPECT_EQ(extended.trials, 0U);
  const auto searching = store_->searching(job);
  ASSERT_TRUE(searching.has_value());
  EXPECT_EQ(searching->text, "more");
  EXPECT_EQ(searching->folder, "/elsewhere");
  EXPECT_EQ(summary(job).at("wanted"), 20);
  EXPECT_TRUE(store_->resume(submission("more"), "as before", epoch_).has_value());
  EXPECT_THROW(ask(job, halving({}), "a job"), Outdated) << "what the text before asked for comes too late";
}

TEST_F(Searches, AreNotContinuedByATextThatMeansOtherTrials) {
  const auto job = begin(halving({}));
  ask(job, halving({{"g", {0.5}, 0, 0}}));
  const auto refused = [&](const job::Plan& plan) {
    try {
      write(plan, submission("more"), job);
    } catch (const ErrorException& refusal) {
      return refusal.error().kind == ErrorKind::invalid_job;
    }
    return false;
  };
  EXPECT_TRUE(refused(small_plan())) << "it doesn't search";
  EXPECT_TRUE(refused(nsga2({}))) << "it searches otherwise";
  EXPECT_TRUE(refused(halving({{"g", {0.6}, 0, 0}}))) << "the point has other values";
  auto other_tasks = halving({{"g", {0.5}, 0, 0}});
  other_tasks.tasks[0].key = key_of("trained otherwise");
  EXPECT_TRUE(refused(other_tasks));
  EXPECT_EQ(one("select text, count(*) over () from v1.jobs"), "a job|1");
  const auto plain = write(small_plan(), submission("plain")).job.id;
  EXPECT_THROW(write(halving({}), submission("more"), plain), ErrorException);
}

TEST_F(Searches, DoNotTrainFurtherWhatWouldBeTrainedOtherwiseByNow) {
  const auto job = begin(halving({}));
  ask(job, halving({{"g", {0.5}, 0, 0}}));
  auto plan = halving({{"g", {0.5}, 0, 1}});
  plan.tasks[0].key = key_of("the data has changed");
  EXPECT_THROW(ask(job, plan), ErrorException);
  EXPECT_EQ(one("select rung from v1.trials where group_name = 'g'"), "1");
}

TEST_F(Searches, KeepTheirGenerationsAsTheyWereWhenTheyEnded) {
  const auto job = begin(nsga2({}));
  ask(job, nsga2({{"g", {0.25}, 0, 0}, {"g", {0.5}, 1, 0}}));
  EXPECT_EQ(rows("select generation, rung from v1.trials order by id"), (Lines{"1|null", "2|null"}));
  store_->add_generations(job, "g", {{0, 8, 7, 3, 0.5}}, epoch_);
  store_->add_generations(job, "g", {{0, 8, 7, 3, 0.25}, {1, 16, 15, 4, 0.625}}, epoch_);
  EXPECT_EQ(rows("select job_id, group_name, generation, trials, feasible, front, hypervolume "
                 "from v1.generations order by generation"),
            (Lines{"1|g|1|8|7|3|0.5", "1|g|2|16|15|4|0.625"}));
  EXPECT_EQ(store_->searching(job)->told.at("g").at(1).generation, 1);
  EXPECT_EQ(rows("select * from v1.rungs"), Lines{});
}

TEST_F(Searches, AreInTheSummariesOfTheirJobs) {
  const auto by_rungs = begin(halving({}));
  EXPECT_EQ(
      json::serialize(summary(by_rungs)),
      R"({"strategy":"halving","metric":"accuracy","wanted":9,"trials":0,"generation":null,"rungs":[0,0,0],)"
      R"("finished":false,"failure":null})");
  EXPECT_EQ(store_->untouched_summary(by_rungs), store_->job_summaries(by_rungs).at(0).as_object());
  ask(by_rungs, halving({{"g", {0.1}, 0, 0}, {"g", {0.2}, 0, 2}, {"g", {0.3}, 0, 0}}));
  EXPECT_EQ(json::serialize(summary(by_rungs).at("rungs")), "[3,1,1]");
  store_->end_search(by_rungs, hash(), "the file is gone", epoch_);
  EXPECT_EQ(summary(by_rungs).at("finished"), true);
  EXPECT_EQ(summary(by_rungs).at("failure"), "the file is gone");

  const auto by_generations = write(nsga2({}), submission("other")).job.id;
  ask(by_generations, nsga2({{"g", {0.25}, 0, 0}, {"g", {0.5}, 1, 0}}), "other");
  EXPECT_EQ(json::serialize(summary(by_generations)),
            R"({"strategy":"nsga2","metric":null,"wanted":9,"trials":2,"generation":2,"rungs":null,)"
            R"("finished":false,"failure":null})");
  const auto plain = write(small_plan(), submission("plain")).job.id;
  EXPECT_EQ(summary(plain), json::value(nullptr));
}

TEST_F(Searches, AreNotDoneWhileMoreIsToBeAskedFor) {
  const auto job = begin(nsga2({}));
  ask(job, nsga2({{"g", {0.25}, 0, 0}, {"g", {0.5}, 0, 0}, {"g", {0.75}, 0, 0}}));
  for (const double point : {0.25, 0.5, 0.75}) succeed(name_of("evaluate", point, 0));
  EXPECT_DOUBLE_EQ(store_->job_summaries(job).at(0).at("progress").as_double(), 1.0 / 3);
  store_->end_search(job, hash(), "", epoch_);
  EXPECT_DOUBLE_EQ(store_->job_summaries(job).at(0).at("progress").as_double(), 1);
}

TEST_F(Searches, ShowTheirNewTrialsToWhoeverWatchesTheJob) {
  const auto job = begin(nsga2({}));
  std::int64_t watermark = 0;
  store_->trials_changed_since(job, watermark);
  ask(job, nsga2({{"g", {0.25}, 0, 0}}));
  EXPECT_EQ(store_->trials_changed_since(job, watermark).size(), 1U);
  ask(job, nsga2({{"g", {0.5}, 0, 0}}));
  EXPECT_EQ(store_->trials_changed_since(job, watermark).size(), 1U) << "and not the others";
}

}  // namespace
}  // namespace espalier::store::testing
