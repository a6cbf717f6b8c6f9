// Times variants of a net against each other in one process. One sample is one forward pass (a clock read
// costs 30 ns, the smallest net 10 us). A round runs a short block of each arm, in an order drawn from the
// seed, so that all arms see the same machine; ratios are taken within a round.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "worker/runner/measure/statistics.hpp"

namespace espalier::runner {

struct Arm {
  std::string name;
  std::function<void()> run;  // one forward pass
};

struct LatencyPlan {
  double min_seconds = 1.0;  // timed seconds per arm, at least
  double target_ci = 0.01;   // half-width of the median's 95 % interval over the median
  std::uint64_t seed = 1;    // of the order within rounds and of the bootstrap
  std::size_t fewest_samples = 30;
  bool one_thread = true;  // the net runs on the calling thread alone
  // A piece of a longer measurement: warmed up for a moment only, and its medians without intervals.
  bool is_part = false;
};

struct ArmSamples {
  std::string name;
  Blocks blocks_s;  // seconds per run, without waiting; block b of every arm is of round b
  Blocks waited_s;  // of the same runs: seconds without a CPU
  // Of each block, the worse of the core's paces before and behind it (pace.hpp); empty: not judged, as
  // with several threads and beside blocks that are too long for it.
  std::vector<double> pace;
  // What the median is of, and every percentile: the blocks at the core's full speed, or all if these are
  // few.
  Blocks counted_s;
  double median_s = 0;
  Interval interval_s;
};

struct LatencyResult {
  std::vector<ArmSamples> arms;  // in the order given
  double busy = 0;               // 0..1: part of the timed wall time in which the timing thread had no CPU
  std::int64_t preemptions = 0;  // of the timing thread, while timing
  bool reached_target = false;   // false: the upper bound of time came first
  std::optional<double>
      full_speed{};  // 0..1: part of the blocks at the core's full speed; unset: not looked at
};

// Sets what counts of each arm and its median; and its interval, if there are any replicates. Sets
// `full_speed`.
void sum_up(LatencyResult& result, int replicates, std::uint64_t seed);

// Above this part of stolen time a latency says more about the machine than about the net.
constexpr double kBusyLimit = 0.02;

// Warm-up until two windows in a row agree, then rounds until every arm has `min_seconds` and
// `fewest_samples`, of these enough at full speed, and its interval is narrow enough, or has taken 5 x
// min_seconds, waiting included, and has ten samples. `on_progress` gets 0..1.
LatencyResult measure_latency(const std::vector<Arm>& arms, const LatencyPlan& plan,
                              const std::function<void(double)>& on_progress);

}  // namespace espalier::runner
