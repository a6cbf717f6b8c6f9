// A fresh database for each test, in one server for the whole program: ESPALIER_TEST_DATABASE's if that is
// set (a connection string of a user who may create databases), else a private one in a temporary folder.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/store/store.hpp"

namespace espalier::store::testing {

std::string server();  // connection string of the server's own database

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest();
  ~DatabaseTest() override;
  [[nodiscard]] const std::string& database() const { return connection_; }
  std::unique_ptr<Store> open() const;
  // As the owner, so that it sees schema espalier too: rows as text, null as "null", columns joined by "|".
  std::vector<std::string> rows(const std::string& statement) const;
  std::string one(const std::string& statement) const;  // the only row
  void execute(const std::string& statements) const;
  TaskId id_of(std::string_view name) const;  // of the task with the key of that name

 private:
  std::string name_;
  std::string connection_;
};

// Keys that are easy to tell apart: 64 digits that begin with the SHA-256 of `name`.
TaskKey key_of(std::string_view name);
ContentHash hash_of(std::string_view name);

// Two trials that share `train`: "a" evaluates it, "b" prunes and evaluates. Tasks: train, evaluate-a, prune,
// evaluate-b.
job::Plan small_plan();
Submission submission(std::string text = "a job", bool replace = false);
// As the runtime does it, but with the plan in one part; its tasks as the store then has them.
struct Taken {
  JobRow job;
  bool resumed = false;
  std::vector<JobId> paused;
};
Taken submit(Store& store, const job::Plan& plan, const Submission& submission, std::int64_t epoch = 1,
             std::optional<JobId> extends = std::nullopt);

// Everything that one task's success writes: attempt begun and ended, result accepted, state set.
std::vector<Write> success(std::int64_t attempt, TaskId task, std::vector<wire::Metric> metrics = {},
                           std::vector<wire::Output> outputs = {});

wire::Metric metric(std::string name, std::optional<double> value, std::optional<double> low = std::nullopt,
                    std::optional<double> high = std::nullopt);

}  // namespace espalier::store::testing
