// orchestrator_load: loads a coordinator for `./dev bench orchestrator`. Prints one JSON object a line.
//   work …     workers that do no work, until N attempts have ended or a time has passed
//   latency …  one worker; submits jobs of one task one after the other, from the request to the assignment
#include <fmt/core.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <thread>

#include "common/base/json.hpp"
#include "common/net/blocking_http.hpp"
#include "tests/bench/load/workers.hpp"

namespace {

using namespace espalier;
using load::Workers;
using load::WorkersOptions;
using Seconds = std::chrono::duration<double>;

MonotonicTime clock_now() {
  return std::chrono::steady_clock::now();
}

double cpu_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
         static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

void say(const json::object& object) {
  fmt::print("{}\n", json::serialize(object));
  std::fflush(stdout);
}

int work(const WorkersOptions& options, std::int64_t until_ended, std::int64_t until_points,
         double until_seconds) {
  const auto begin = clock_now();
  Workers workers(options);
  const auto& counts = workers.counts();
  bool all_welcome = false;
  double cpu_before = 0;
  for (;;) {
    workers.turn(std::chrono::milliseconds(100));
    const double seconds = Seconds(clock_now() - begin).count();
    if (!all_welcome && counts.welcomed == options.workers) {
      all_welcome = true;
      cpu_before = cpu_seconds();
      say({{"welcomed", counts.welcomed}, {"seconds", seconds}});
    }
    if (until_ended > 0 && counts.ended >= until_ended) break;
    if (until_points > 0 && counts.points >= until_points) break;
    if (until_seconds > 0 && seconds >= until_seconds) break;
  }
  say({{"ended", counts.ended},
       {"started", counts.started},
       {"points", counts.points},
       {"beats", counts.beats},
       {"late_beats", counts.late_beats},
       {"rejected", counts.rejected},
       {"seconds", Seconds(counts.last_end - counts.first_start).count()},
       {"cpu", cpu_seconds() - cpu_before}});
  return 0;
}

int latency(WorkersOptions options, const std::string& http, const std::string& folder,
            const std::string& toml, int count) {
  options.workers = 1;
  Workers workers(options);
  std::atomic<std::int64_t> assigned_ns{0};
  std::atomic<bool> stop{false};
  workers.assigned = [&](const wire::Assign&) { assigned_ns = clock_now().time_since_epoch().count(); };
  while (workers.counts().welcomed == 0) workers.turn(std::chrono::milliseconds(10));
  std::thread client([&] {
    for (int i = 0; i < count; ++i) {
      std::string text = toml;
      const auto place = text.find("SEED");
      text.replace(place, 4, fmt::format("{}", 1000 + i));
      assigned_ns = 0;
      const auto begin = clock_now();
      const auto reply = net::request("POST", fmt::format("{}/api/v1/jobs?folder={}", http, folder), text,
                                      std::chrono::seconds(30));
      const auto answered = clock_now();
      if (!reply || reply->status != 201) {
        say({{"error", reply ? reply->body : reply.error().message}});
        break;
      }
      while (assigned_ns == 0 && clock_now() - begin < std::chrono::seconds(5)) std::this_thread::yield();
      if (assigned_ns == 0) {
        say({{"error", "a task wasn't started within five seconds"}});
        break;
      }
      say({{"start_ms", static_cast<double>(assigned_ns - begin.time_since_epoch().count()) / 1e6},
           {"answer_ms", std::chrono::duration<double, std::milli>(answered - begin).count()}});
      const timespec pause{0, 20'000'000};
      nanosleep(&pause, nullptr);
    }
    stop = true;
  });
  while (!stop) workers.turn(std::chrono::milliseconds(1));
  client.join();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Loads a coordinator, for measuring.");
  app.require_subcommand(1);
  WorkersOptions options;
  double task_ms = 0;
  auto* working = app.add_subcommand("work", "workers that do no work");
  auto* asking = app.add_subcommand("latency", "from a submission to its start");
  for (auto* command : {working, asking}) {
    command->add_option("--coordinator", options.coordinator)->required();
    command->add_option("--slots", options.slots);
    command->add_option("--name", options.name);
    command->add_option("--keys", options.keys);
  }
  std::int64_t until_ended = 0;
  std::int64_t until_points = 0;
  double until_seconds = 0;
  working->add_option("--workers", options.workers);
  working->add_option("--task-ms", task_ms);
  working->add_option("--points", options.points);
  working->add_option("--until-ended", until_ended);
  working->add_option("--until-points", until_points);
  working->add_option("--until-seconds", until_seconds);
  std::string http;
  std::string folder = "/";
  std::string toml;
  int count = 200;
  asking->add_option("--http", http)->required();
  asking->add_option("--toml", toml, "job file with SEED in it")->required();
  asking->add_option("--count", count);
  CLI11_PARSE(app, argc, argv);
  options.task_time =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(task_ms));
  try {
    if (working->parsed()) return work(options, until_ended, until_points, until_seconds);
    return latency(options, http, folder, toml, count);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "orchestrator_load: {}\n", failure.what());
    return 1;
  }
}
