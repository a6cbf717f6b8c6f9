#include "tests/chaos/verdict.hpp"

#include <gtest/gtest.h>

#include <set>

namespace espalier::test {

void expect_done_once(const RunningSystem& system, std::int64_t job, std::chrono::seconds limit) {
  ASSERT_TRUE(eventually([&] { return system.state(job) == "succeeded"; }, limit))
      << "the job is " << system.state(job) << "\n"
      << system.said();
  EXPECT_EQ(json::serialize(system.sql("select key, state, reason from tasks where state <> 'succeeded'")),
            "[]");
  EXPECT_EQ(json::serialize(system.sql("select id, state, reason from trials where state <> 'succeeded'")),
            "[]");
  EXPECT_EQ(
      json::serialize(system.sql(
          "select t.key from tasks t left join attempts a on a.task_key = t.key and a.state = 'succeeded' "
          "group by t.key having count(a.attempt) <> 1")),
      "[]")
      << "exactly one result a task";
  EXPECT_EQ(json::serialize(system.sql("select late.* from attempts late join attempts done using (task_key) "
                                       "where done.state = 'succeeded' and late.attempt <> done.attempt and "
                                       "late.started_at > done.ended_at")),
            "[]")
      << "what is finished is not run again";
  EXPECT_EQ(
      json::serialize(system.sql(
          "select * from attempts where state = 'running' or (state <> 'succeeded' and reason is null)")),
      "[]")
      << "every attempt that came to nothing says why";
  EXPECT_EQ(
      json::serialize(system.sql("select a.attempt from attempts a left join events e on e.kind = 'attempt' "
                                 "and e.attempt = a.attempt "
                                 "group by a.attempt having count(*) filter (where e.state = 'running') <> 1 "
                                 "or count(*) filter (where e.state <> 'running') = 0")),
      "[]")
      << "v1.events tells when every attempt began and ended";
  EXPECT_EQ(json::serialize(system.sql(
                "select t.key from tasks t left join events e on e.kind = 'attempt' and e.task_key = t.key "
                "group by t.key having count(*) filter (where e.state = 'succeeded') <> 1")),
            "[]")
      << "and every task's end, once";
}

void expect_nothing_lost(const RunningSystem& system) {
  EXPECT_EQ(
      json::serialize(system.sql("select attempt, state, reason from attempts where state <> 'succeeded'")),
      "[]");
}

void expect_all_begun_attempts_succeeded(const RunningSystem& system) {
  std::set<std::int64_t> succeeded;
  for (const auto& row : system.sql("select attempt from attempts where state = 'succeeded'"))
    succeeded.insert(row.at("attempt").to_number<std::int64_t>());
  for (const auto& [attempt, sighting] : system.seen())
    EXPECT_TRUE(succeeded.contains(attempt)) << "attempt " << attempt << " was begun in vain";
}

void expect_no_retries_consumed(const RunningSystem& system) {
  EXPECT_EQ(json::serialize(system.sql("select key, failures, reason from tasks where failures > 0")), "[]");
}

}  // namespace espalier::test
