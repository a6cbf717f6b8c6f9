#include "cli/run_document.hpp"

#include <gtest/gtest.h>

namespace espalier::cli {
namespace {

// `rest` is of a GET of the job: its search, its trials, and what else differs.
json::value search_of_run(const std::string& rest, const std::string& objectives = "{}") {
  const auto document = parse_json(R"({"job": {"name": "n", "id": 1, "state": "succeeded",
      "tasks": {"total": 3, "executed": 2, "reused": 1, "running": 0, "failed": 0}, )" +
                                   rest + R"(, "objectives": )" + objectives + "}");
  return run_document(document.value().as_object()).at("search");
}

std::string halving(const std::string& metric) {
  return R"("search": {"strategy": "halving", "metric": ")" + metric + R"(", "wanted": 9, "trials": 3,
      "generation": null, "rungs": [3, 1], "finished": true, "failure": null}}, "generations": [], "trials": [
    {"id": 1, "group": "g", "pareto": false, "rungs": [{"rung": 1, "epochs": 1, "value": 0.5}]},
    {"id": 2, "group": "g", "pareto": true, "rungs": [{"rung": 1, "epochs": 1, "value": 0.75}, {"rung": 2, "epochs": 3, "value": null}]},
    {"id": 3, "group": "f", "pareto": false, "rungs": [{"rung": 1, "epochs": 2, "value": 0.25}]},
    {"id": 4, "group": "plain", "pareto": false, "rungs": null}])";
}

TEST(RunDocument, SaysOfASearchByHalvingWhatEachRungGave) {
  EXPECT_EQ(search_of_run(halving("accuracy")), parse_json(R"({"strategy": "halving", "metric": "accuracy",
      "wanted": 9, "trials": 3, "finished": true, "failure": null, "generations": null, "rungs": [
        {"group_name": "f", "rung": 1, "epochs": 2, "trials": 1, "best": 0.25},
        {"group_name": "g", "rung": 1, "epochs": 1, "trials": 2, "best": 0.75},
        {"group_name": "g", "rung": 2, "epochs": 3, "trials": 1, "best": null}]})")
                                                    .value());
}

TEST(RunDocument, TakesTheLeastForTheBestWhereTheJobDoes) {
  const auto search = search_of_run(halving("loss"), R"({"loss": "min"})");
  EXPECT_EQ(search.at("rungs").at(1).at("best"), 0.5);
}

TEST(RunDocument, SaysOfASearchByNsga2WhatEachGenerationGave) {
  const auto search =
      search_of_run(R"("search": {"strategy": "nsga2", "metric": null, "wanted": 8, "trials": 8,
      "generation": 1, "rungs": null, "finished": true, "failure": null}}, "trials": [],
      "generations": [{"group_name": "g", "generation": 1, "trials": 8, "hypervolume": 0.5}])");
  EXPECT_EQ(search.at("strategy"), "nsga2");
  EXPECT_TRUE(search.at("rungs").is_null());
  EXPECT_EQ(search.at("generations").at(0).at("hypervolume"), 0.5);
}

TEST(RunDocument, HasNullForAJobThatDoesNotSearch) {
  EXPECT_TRUE(search_of_run(R"("search": null}, "trials": [], "generations": [])").is_null());
}

}  // namespace
}  // namespace espalier::cli
