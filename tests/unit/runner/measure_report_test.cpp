#include <gtest/gtest.h>

#include <algorithm>

#include "worker/runner/measure/benchmark_report.hpp"

namespace espalier::runner {
namespace {

MeasuredForm form_of(std::int64_t batch, std::size_t samples) {
  MeasuredForm form;
  form.batch = batch;
  const Blocks blocks{std::vector<double>(samples, 0.002)};
  form.latency.arms.push_back({"model", blocks, {}, {}, blocks, 0.002, {0.001, 0.003}});
  form.latency.reached_target = true;
  return form;
}

const Metric* find(const std::vector<Metric>& metrics, const std::string& name) {
  const auto found =
      std::find_if(metrics.begin(), metrics.end(), [&](const Metric& metric) { return metric.name == name; });
  return found == metrics.end() ? nullptr : &*found;
}

TEST(Report, every_form_has_the_percentiles_that_its_samples_carry_and_null_for_the_others) {
  BenchmarkFacts facts;
  facts.forms = {form_of(1, 662), form_of(32, 64), form_of(64, 63)};
  const auto metrics = metrics_of(facts);
  for (const auto* name :
       {"latency_p99_ms", "latency_p90_ms", "latency_p99_ms/b1/t1", "latency_p90_ms/b32/t1"})
    EXPECT_DOUBLE_EQ(find(metrics, name)->value.value_or(-1), 2) << name;
  for (const auto* name : {"latency_p99_ms/b32/t1", "latency_p99_ms/b64/t1", "latency_p90_ms/b64/t1"})
    EXPECT_FALSE(find(metrics, name)->value.has_value()) << name;
  EXPECT_EQ(find(metrics, "latency_p99_ms/b32/t1")->samples, 64);
}

TEST(Report, flops_are_twice_the_macs) {
  BenchmarkFacts facts;
  facts.forms = {form_of(1, 1)};
  facts.macs.total = 416'520;
  const auto metrics = metrics_of(facts);
  EXPECT_EQ(find(metrics, "macs")->value, 416'520);
  EXPECT_EQ(find(metrics, "flops")->value, 833'040);
}

TEST(Report, operators_that_macs_leave_out_are_named_with_their_calls) {
  BenchmarkFacts facts;
  facts.forms = {form_of(1, 1)};
  const auto complete = metrics_of(facts);
  EXPECT_EQ(find(complete, "operators_without_rule")->value, 0);
  EXPECT_TRUE(doubts_about(facts, {}).empty());
  facts.macs.without_rule = {{"aten::cumsum", 2}, {"aten::sort", 1}};
  const auto metrics = metrics_of(facts);
  EXPECT_EQ(find(metrics, "operators_without_rule")->value, 2);
  EXPECT_EQ(find(metrics, "calls_without_rule/aten::cumsum")->value, 2);
  EXPECT_EQ(find(metrics, "calls_without_rule/aten::sort")->value, 1);
  EXPECT_EQ(doubts_about(facts, {}),
            std::vector<std::string>{
                "MACs don't include these operators: aten::cumsum (2 calls), aten::sort (1 call)"});
  EXPECT_EQ(samples_file(facts, {}).at("operators_without_rule"),
            json::value({{"aten::cumsum", 2}, {"aten::sort", 1}}));
}

TEST(Report, what_was_not_measured_is_null) {
  BenchmarkFacts facts;
  facts.forms = {form_of(1, 1)};
  const auto metrics = metrics_of(facts);
  for (const auto* name : {"energy_j", "load_time_ms", "peak_rss_bytes"})
    EXPECT_FALSE(find(metrics, name)->value.has_value()) << name;
  facts.load_times_s = {0.003, 0.001, 0.002};
  const auto loaded = metrics_of(facts);
  EXPECT_DOUBLE_EQ(find(loaded, "load_time_ms")->value.value(), 2);
  EXPECT_EQ(find(loaded, "load_time_ms")->samples, 3);
}

TEST(Report, the_output_difference_is_the_largest_of_all_forms) {
  BenchmarkFacts facts;
  facts.forms = {form_of(1, 1), form_of(32, 1)};
  facts.forms[1].difference = 0.003;
  const auto metrics = metrics_of(facts);
  EXPECT_EQ(find(metrics, "output_difference")->value, 0.003);
}

TEST(Report, a_busy_machine_is_said_to_be_busy) {
  BenchmarkFacts facts;
  facts.forms = {form_of(1, 1)};
  facts.forms[0].latency.busy = kBusyLimit + 0.01;
  ASSERT_EQ(doubts_about(facts, {}).size(), 1U);
  EXPECT_NE(doubts_about(facts, {})[0].find("busy"), std::string::npos);
  const auto metrics = metrics_of(facts);
  EXPECT_DOUBLE_EQ(find(metrics, "busy")->value.value(), kBusyLimit + 0.01);
}

TEST(Report, a_core_that_was_mostly_slow_is_said_to_be_and_what_counts_then) {
  BenchmarkFacts facts;
  facts.forms = {form_of(1, 1), form_of(32, 1)};
  EXPECT_EQ(find(metrics_of(facts), "full_speed")->value, std::nullopt);
  facts.forms[0].latency.full_speed = 0.9;
  EXPECT_TRUE(doubts_about(facts, {}).empty());
  facts.forms[1].latency.full_speed = 0.25;
  EXPECT_EQ(find(metrics_of(facts), "full_speed")->value, 0.25);
  ASSERT_EQ(doubts_about(facts, {}).size(), 1U);
  EXPECT_NE(doubts_about(facts, {})[0].find("b32/t1: for 75 % of the time"), std::string::npos);
  EXPECT_NE(doubts_about(facts, {})[0].find("are of the slower core"), std::string::npos);
  facts.forms[1].latency.arms[0].blocks_s.push_back({0.003});
  EXPECT_NE(doubts_about(facts, {})[0].find("those of the rest"), std::string::npos);
}

}  // namespace
}  // namespace espalier::runner
