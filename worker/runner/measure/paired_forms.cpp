#include "worker/runner/measure/paired_forms.hpp"

#include <algorithm>
#include <utility>

#include "common/base/result.hpp"

namespace espalier::runner {
namespace {

// A form that the search saw so much slower than the one it chose wasn't unlucky.
constexpr double kPerhapsAsFast = 1.25;

using Contenders = std::vector<const Candidate*>;

const Candidate& chosen(const Form& form) {
  const auto found = std::find_if(form.candidates.begin(), form.candidates.end(),
                                  [&](const Candidate& candidate) { return candidate.name == form.name; });
  ESPALIER_ASSERT(found != form.candidates.end());
  return *found;
}

Contenders contenders_of(const Form& own, const Form& other) {
  Contenders all;
  const double limit_s = kPerhapsAsFast * chosen(own).median_s;
  for (const auto& candidate : own.candidates) {
    const bool is_rival = candidate.layout == chosen(other).layout && candidate.median_s <= limit_s;
    const bool is_meant = candidate.name == own.name || is_rival;
    if (candidate.anew && is_meant) all.push_back(&candidate);
  }
  return all;
}

// Moves the fastest arm of those that begin at `first` to `place`.
const Candidate& keep_fastest(std::vector<ArmSamples>& arms, std::size_t first, const Contenders& contenders,
                              std::size_t place) {
  std::size_t fastest = 0;
  for (std::size_t i = 1; i < contenders.size(); ++i)
    if (arms[first + i].median_s < arms[first + fastest].median_s) fastest = i;
  std::swap(arms[place], arms[first + fastest]);
  return *contenders[fastest];
}

void change_to(Form& form, const Candidate& candidate) {
  if (candidate.name == form.name) return;
  form.name = candidate.name;
  form.difference = candidate.difference;
  form.run = candidate.anew();
}

}  // namespace

PlacedLatency measure_alone(const Form& model, const LatencyPlan& plan,
                            const std::function<void(double)>& on_progress) {
  return measure_in_placements({{"model", chosen(model).anew}}, plan, on_progress);
}

PlacedLatency measure_pair(Form& model, Form& baseline, const LatencyPlan& plan,
                           const std::function<void(double)>& on_progress) {
  const auto of_model = contenders_of(model, baseline);
  const auto of_baseline = contenders_of(baseline, model);
  std::vector<PlacedArm> arms;
  for (const auto* candidate : of_model) arms.push_back({"model", candidate->anew});
  for (const auto* candidate : of_baseline) arms.push_back({"baseline", candidate->anew});
  auto measured = measure_in_placements(arms, plan, on_progress);
  auto& timed = measured.latency.arms;
  change_to(model, keep_fastest(timed, 0, of_model, 0));
  change_to(baseline, keep_fastest(timed, of_model.size(), of_baseline, 1));
  timed.resize(2);
  return measured;
}

}  // namespace espalier::runner
