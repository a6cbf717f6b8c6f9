#include <gtest/gtest.h>

#include "worker/runner/measure/conditions.hpp"
#include "worker/runner/measure/paired_forms.hpp"

namespace espalier::runner {
namespace {

struct Spinner {
  double seconds;
  void operator()() const {
    const double until = thread_cpu_seconds() + seconds;  // its own: a busy machine adds nothing
    while (thread_cpu_seconds() < until) {
    }
  }
};

// A net with a fast and a slow form, of which a search has chosen one. `made` counts how often either was
// made.
Form form_of(const std::string& prefix, bool chose_the_fast_one, int& made) {
  Form form;
  for (const auto* kind : {"fast", "slow"}) {
    Candidate candidate;
    candidate.name = prefix + kind;
    candidate.layout = kind;
    const Spinner spin{std::string(kind) == "fast" ? 0.0005 : 0.0015};
    candidate.anew = [spin, &made]() -> std::function<void()> {
      ++made;
      return spin;
    };
    form.candidates.push_back(std::move(candidate));
  }
  form.name = prefix + (chose_the_fast_one ? "fast" : "slow");
  return form;
}

LatencyPlan short_plan() {
  LatencyPlan plan;
  plan.min_seconds = 0.08;
  plan.target_ci = 1;
  return plan;
}

TEST(Pairs, a_form_that_chance_chose_for_one_of_two_equal_nets_does_not_stay) {
  int made = 0;
  auto model = form_of("int8 onednn, ", true, made);
  auto baseline = form_of("", false, made);
  const auto measured = measure_pair(model, baseline, short_plan(), [](double) {});
  EXPECT_EQ(model.name, "int8 onednn, fast");
  EXPECT_EQ(baseline.name, "fast");
  ASSERT_EQ(measured.latency.arms.size(), 2U);
  EXPECT_EQ(measured.latency.arms[0].name, "model");
  EXPECT_EQ(measured.latency.arms[1].name, "baseline");
  EXPECT_LT(measured.latency.arms[1].median_s, 0.001);
  EXPECT_EQ(made, static_cast<int>(4 * kPlacements) + 1) << "and the baseline's new form to go on with";
}

TEST(Pairs, are_made_anew_for_every_part_and_no_further_form_is_timed_if_both_chose_the_same) {
  int made = 0;
  auto model = form_of("", true, made);
  auto baseline = form_of("", true, made);
  double last = 0;
  const auto measured = measure_pair(model, baseline, short_plan(), [&](double fraction) {
    EXPECT_GE(fraction, last);
    last = fraction;
  });
  EXPECT_EQ(made, static_cast<int>(2 * kPlacements));
  EXPECT_EQ(measured.rounds.size(), kPlacements);
  std::size_t rounds = 0;
  for (const auto count : measured.rounds) rounds += count;
  for (const auto& arm : measured.latency.arms) EXPECT_EQ(arm.blocks_s.size(), rounds);
  EXPECT_EQ(last, 1);
}

// Runs of about the length that a look beside them can still judge.
TEST(Placements, judge_no_block_where_only_some_parts_could_be_judged) {
  int made = 0;
  const PlacedArm arm{
      "model", [&made]() -> std::function<void()> { return Spinner{++made % 2 == 1 ? 0.001 : 0.011}; }};
  const auto measured = measure_in_placements({arm}, short_plan(), [](double) {});
  EXPECT_FALSE(measured.latency.full_speed.has_value());
  EXPECT_EQ(measured.latency.arms[0].counted_s.size(), measured.latency.arms[0].blocks_s.size());
}

// At one place of four a net takes half as long again: the median of all its runs tells nothing of it.
TEST(Placements, an_interval_holds_what_the_places_differ_by) {
  int made = 0;
  Form form = form_of("", true, made);
  for (auto& candidate : form.candidates) {
    candidate.anew = [&made]() -> std::function<void()> {
      return Spinner{++made % 4 == 0 ? 0.0006 : 0.0004};
    };
  }
  LatencyPlan plan = short_plan();
  plan.one_thread = false;  // then no block is judged by the core's pace
  const auto measured = measure_alone(form, plan, [](double) {});
  ASSERT_EQ(measured.latency.arms.size(), 1U);
  EXPECT_EQ(measured.rounds.size(), kPlacements);
  EXPECT_EQ(made, static_cast<int>(kPlacements));
  const auto& arm = measured.latency.arms[0];
  EXPECT_GE(arm.interval_s.high - arm.interval_s.low, 0.0001);
}

TEST(Pairs, do_not_time_a_form_that_the_search_saw_far_behind) {
  int made = 0;
  auto model = form_of("", true, made);
  auto baseline = form_of("", false, made);
  for (auto* form : {&model, &baseline}) {
    form->candidates[0].median_s = 0.001;
    form->candidates[1].median_s = 0.0005;
  }
  measure_pair(model, baseline, short_plan(), [](double) {});
  EXPECT_EQ(baseline.name, "slow") << "its other form took twice as long in the search";
  EXPECT_EQ(made, static_cast<int>(3 * kPlacements));
}

TEST(Pairs, go_without_a_form_that_one_of_them_lacks) {
  int made = 0;
  auto model = form_of("", true, made);
  auto baseline = form_of("", false, made);
  baseline.candidates[0].anew = {};
  measure_pair(model, baseline, short_plan(), [](double) {});
  EXPECT_EQ(baseline.name, "slow");
  EXPECT_EQ(model.name, "fast");
}

}  // namespace
}  // namespace espalier::runner
