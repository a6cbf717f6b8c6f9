// The real scheduling core with fleets that nobody has, in simulated time: one JSON object a line, {"name",
// "value"}.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "coordinator/core/core.hpp"
#include "coordinator/runtime/explanation.hpp"

namespace {

using namespace espalier;
using namespace std::chrono_literals;
using core::Core;

void report(const char* name, double value) {
  fmt::print("{{\"name\":\"{}\",\"value\":{}}}\n", name, value);
}

struct Fleet {
  Core core{core::Settings{}};
  MonotonicTime now{1000s};
  Duration longest{};
  Duration total{};
  struct End {
    MonotonicTime at;
    std::int64_t attempt = 0;
    std::string worker;
    double seconds = 0;
    friend bool operator>(const End& a, const End& b) {
      return std::tie(a.at, a.attempt) > std::tie(b.at, b.attempt);
    }
  };
  std::priority_queue<End, std::vector<End>, std::greater<>> ends;
  std::map<std::string, std::string> peers;  // by address: the worker
  std::function<double(std::int64_t task, const std::string& worker)> seconds_of;
  std::function<void(std::int64_t task, double seconds)> started = [](auto, auto) {};
  std::size_t given = 0;

  Fleet() { happen(core::Started{1, 1, {}}); }

  void happen(const core::Event& event) {
    const auto before = std::chrono::steady_clock::now();
    auto actions = core.step(now, event);
    const auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - before);
    longest = std::max(longest, took);
    total += took;
    for (const auto& action : actions) {
      const auto* give = std::get_if<core::GiveOut>(&action);
      if (give == nullptr) continue;
      ++given;
      const std::string& worker = give->peer;
      const double seconds = seconds_of ? seconds_of(give->task.value, worker) : 60;
      started(give->task.value, seconds);
      ends.push({now + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)),
                 give->attempt.value, worker, seconds});
    }
    while (core.next_deadline() && *core.next_deadline() <= now && !std::holds_alternative<core::Tick>(event))
      happen(core::Tick{});
  }

  void join(const std::string& name, int slots, json::object facts, const std::string& device_class = "") {
    wire::Hello hello;
    hello.device_class = device_class;
    hello.worker = name;
    hello.session = "s";
    hello.slots = slots;
    hello.facts = std::move(facts);
    happen(core::WorkerHello{name, hello});
  }

  bool end_next() {
    if (ends.empty()) return false;
    const End end = ends.top();
    while (core.next_deadline() && *core.next_deadline() < end.at) {
      now = std::max(now, *core.next_deadline());
      happen(core::Tick{});
      if (ends.top().at < end.at) return true;
    }
    ends.pop();
    now = std::max(now, end.at);
    wire::Finished message;
    message.worker = end.worker;
    message.attempt = end.attempt;
    message.seconds = end.seconds;
    happen(core::AttemptFinished{end.worker, message});
    return true;
  }
};

core::Settings patient() {  // nobody beats here
  core::Settings settings;
  settings.lease = std::chrono::hours(1000);
  return settings;
}

core::JobRow job(std::int64_t id, const std::string& user, std::int64_t first_task, int tasks) {
  core::JobRow row;
  row.id = {id};
  row.user = user;
  for (int i = 0; i < tasks; ++i) {
    core::TaskRow task;
    task.id = {first_task + i};
    row.tasks.push_back(task);
  }
  return row;
}

// Three users, 64 slots, a minute: one with many long tasks, one with three jobs of short ones, one with long
// ones.
void fairness() {
  Fleet fleet;
  fleet.core = Core(patient());
  fleet.happen(core::Started{1, 1, {}});
  std::map<std::int64_t, double> used;  // by user
  const auto user_of = [](std::int64_t task) { return task / 1'000'000; };
  const double length[] = {0, 10, 1.5, 25};
  const MonotonicTime end = fleet.now + 60s;
  fleet.seconds_of = [&](std::int64_t task, const std::string&) { return length[user_of(task)]; };
  fleet.started = [&](std::int64_t task, double seconds) {
    used[user_of(task)] += std::min(seconds, std::chrono::duration<double>(end - fleet.now).count());
  };
  fleet.happen(core::JobAdded{job(1, "ann", 1'000'000, 20'000)});
  for (int i = 0; i < 3; ++i) fleet.happen(core::JobAdded{job(2 + i, "bob", 2'000'000 + i * 10'000, 9'000)});
  fleet.happen(core::JobAdded{job(5, "cid", 3'000'000, 5'000)});
  for (int i = 0; i < 8; ++i) fleet.join("w" + std::to_string(i), 8, {});
  while (fleet.now < end && !fleet.ends.empty() && fleet.ends.top().at < end) fleet.end_next();
  double sum = 0, squares = 0;
  for (const auto& [user, seconds] : used) {
    sum += seconds;
    squares += seconds * seconds;
  }
  report("jain", sum * sum / (3 * squares));
}

json::object facts_of(int number) {
  const int cores[] = {2, 4, 8, 16, 32};
  return {{"host", "h" + std::to_string(number)},
          {"cores", cores[number % 5]},
          {"arch", number % 3 == 0 ? "aarch64" : "x86_64"},
          {"memory", std::int64_t{4 << (number % 4)} << 30},
          {"isa", number % 2 == 0 ? json::array{"avx2"} : json::array{"avx2", "avx512_vnni"}}};
}

void placement() {
  Fleet fleet;
  fleet.core = Core(patient());
  fleet.happen(core::Started{1, 1, {}});
  for (int i = 0; i < 1000; ++i) fleet.join("w" + std::to_string(i), 4, facts_of(i));
  core::JobRow row = job(1, "ann", 1, 100'000);
  row.targets.clear();
  for (int i = 0; i < 50; ++i)
    row.targets.push_back({fmt::format("cores >= {} && memory >= {}GiB && arch != \"{}\"", 1 + i % 16,
                                       1 + i % 30, i % 2 == 0 ? "riscv64" : "sparc64"),
                           {}});
  for (std::size_t i = 0; i < row.tasks.size(); ++i) row.tasks[i].target = static_cast<std::uint16_t>(i % 50);
  std::mt19937 chance(1);
  fleet.seconds_of = [&](std::int64_t, const std::string&) {
    return 5 + static_cast<double>(chance() % 1000) / 100;
  };
  fleet.longest = {};
  fleet.total = {};
  constexpr std::size_t kPart = 2000;  // as a submission comes
  const std::vector<core::TaskRow> tasks = std::move(row.tasks);
  for (std::size_t from = 0; from < tasks.size(); from += kPart) {
    row.tasks.assign(tasks.begin() + static_cast<std::ptrdiff_t>(from),
                     tasks.begin() + static_cast<std::ptrdiff_t>(std::min(tasks.size(), from + kPart)));
    fleet.happen(core::JobAdded{row, true, from + kPart < tasks.size()});
  }
  while (fleet.given < tasks.size() && fleet.end_next()) {
  }
  report("longest pass", std::chrono::duration<double, std::milli>(fleet.longest).count());
  report("per task",
         std::chrono::duration<double, std::micro>(fleet.total).count() / static_cast<double>(fleet.given));
}

// The best that fractional assignments could do: prices of the classes' slots, each task at its cheapest
// class.
double lower_bound(const std::vector<std::vector<double>>& seconds, const std::vector<int>& slots) {
  std::vector<double> price(slots.size(), 1.0 / 64);
  double best = 0;
  for (int round = 1; round <= 4000; ++round) {
    double paid = 0;
    for (std::size_t c = 0; c < slots.size(); ++c) paid += price[c] * slots[c];
    std::vector<double> load(slots.size());
    double value = 0;
    for (const auto& task : seconds) {
      std::size_t cheapest = 0;
      for (std::size_t c = 1; c < slots.size(); ++c) {
        if (price[c] * task[c] < price[cheapest] * task[cheapest]) cheapest = c;
      }
      value += price[cheapest] * task[cheapest] / paid;
      load[cheapest] += task[cheapest] / slots[cheapest];
    }
    best = std::max(best, value);
    double mean = 0;
    for (const double each : load) mean += each / static_cast<double>(load.size());
    for (std::size_t c = 0; c < slots.size(); ++c)
      price[c] *= std::exp(0.5 / std::sqrt(round) * std::clamp(load[c] / mean - 1, -1.0, 1.0));
  }
  return best;
}

void makespan() {
  const std::vector<int> slots{4, 8, 16, 32};
  const double speed[] = {8, 4, 2, 1};
  std::mt19937 chance(7);
  std::lognormal_distribution<double> size(3, 0.8), affinity(0, 0.15);
  std::vector<std::vector<double>> seconds(2000);
  for (auto& task : seconds) {
    const double base = size(chance);
    for (const double each : speed) task.push_back(base / each * affinity(chance));
  }
  Fleet fleet;
  fleet.core = Core(patient());
  core::Started started{1, 1, {}, {}};
  core::JobRow row = job(1, "ann", 1, 2000);
  for (std::size_t task = 0; task < seconds.size(); ++task) {  // the times are known
    row.tasks[task].kind = task + 1;
    for (std::size_t c = 0; c < slots.size(); ++c)
      started.paces.push_back({task + 1, std::string(1, "abcd"[c]), seconds[task][c]});
  }
  fleet.happen(started);
  std::map<std::string, std::size_t> class_of;
  fleet.seconds_of = [&](std::int64_t task, const std::string& worker) {
    return seconds[static_cast<std::size_t>(task - 1)][class_of.at(worker)];
  };
  const MonotonicTime begin = fleet.now;
  for (std::size_t c = 0; c < slots.size(); ++c) {
    for (int i = 0; i < slots[c] / 4; ++i) {
      const std::string name = fmt::format("{}-{}", "abcd"[c], i);
      class_of[name] = c;
      fleet.join(name, 4, {{"host", name}}, std::string(1, "abcd"[c]));
    }
  }
  fleet.happen(core::JobAdded{row});
  while (fleet.end_next()) {
  }
  report("makespan", std::chrono::duration<double>(fleet.now - begin).count() / lower_bound(seconds, slots));
}

void explanation() {
  Fleet fleet;
  fleet.core = Core(patient());
  fleet.happen(core::Started{1, 1, {}});
  json::array workers;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "w" + std::to_string(i);
    if (i % 2 == 0) fleet.join(name, 4, facts_of(i));  // the others are lost
    workers.push_back(
        {{"name", name}, {"slots", 4}, {"device_class", "cpu"}, {"cordoned", false}, {"facts", facts_of(i)}});
  }
  core::JobRow row = job(1, "ann", 1, 1);
  row.targets = {{"cores >= 64 && memory >= 1TiB", {"\"amx\" in isa", "arch == \"riscv64\""}}};
  fleet.happen(core::JobAdded{row});
  store::TaskToExplain task;
  task.id = {1};
  task.target = row.targets.front();
  const auto before = std::chrono::steady_clock::now();
  const auto text = json::serialize(runtime::explanation_of(task, fleet.core.explain(task.id), workers));
  const auto took = std::chrono::steady_clock::now() - before;
  if (text.size() < 1000) std::abort();
  report("explain", std::chrono::duration<double, std::milli>(took).count());
}

}  // namespace

int main() {
  fairness();
  placement();
  makespan();
  explanation();
}
