#include "tests/chaos/faults.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <csignal>

namespace espalier::test {
namespace {

void tell(const std::vector<pid_t>& processes, int signal) {
  for (const auto process : processes) ::kill(process, signal);
}

const char* program_of(Victim victim) {
  switch (victim) {
    case Victim::coordinator:
      return "espalier-coordinator";
    case Victim::agent:
    case Victim::runner:  // a child of it
      return "espalier-worker";
    case Victim::postgres:
      return "postgres";
  }
  return "";
}

// SIGTERM, but for PostgreSQL: there that means to wait until every client has gone.
int order_to_end(Victim victim) {
  return victim == Victim::postgres ? SIGINT : SIGTERM;
}

bool stops(Fault fault) {
  return fault == Fault::stop_5_s || fault == Fault::stop_20_s || fault == Fault::stop_60_s;
}

double now_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string to_string(Victim victim) {
  switch (victim) {
    case Victim::coordinator:
      return "Coordinator";
    case Victim::agent:
      return "Agent";
    case Victim::runner:
      return "Runner";
    case Victim::postgres:
      return "Postgres";
  }
  return "";
}

std::string to_string(Fault fault) {
  switch (fault) {
    case Fault::kill:
      return "Killed";
    case Fault::stop_5_s:
      return "StoppedFor5s";
    case Fault::stop_20_s:
      return "StoppedFor20s";
    case Fault::stop_60_s:
      return "StoppedFor60s";
    case Fault::start_again:
      return "StartedAgain";
  }
  return "";
}

std::vector<pid_t> processes_of(const RunningSystem& system, Victim victim, Fault fault) {
  auto found = descendants(system.pid(), program_of(victim));
  std::sort(found.begin(), found.end());
  if (victim == Victim::runner) return found.empty() ? found : descendants(found.front());
  const bool all = victim == Victim::postgres && stops(fault);
  if (!all && found.size() > 1) found.resize(1);
  return found;
}

Struck strike(const RunningSystem& system, Victim victim, Fault fault) {
  Struck struck{processes_of(system, victim, fault), now_s()};
  EXPECT_FALSE(struck.processes.empty());
  switch (fault) {
    case Fault::kill:
      tell(struck.processes, SIGKILL);
      break;
    case Fault::start_again:
      tell(struck.processes, order_to_end(victim));
      break;
    case Fault::stop_5_s:
    case Fault::stop_20_s:
    case Fault::stop_60_s:
      tell(struck.processes, SIGSTOP);
      pass(std::chrono::seconds(fault == Fault::stop_5_s ? 5 : fault == Fault::stop_20_s ? 20 : 60));
      tell(struck.processes, SIGCONT);
      return struck;
  }
  EXPECT_TRUE(
      eventually([&] { return std::none_of(struck.processes.begin(), struck.processes.end(), alive); }));
  return struck;
}

double wall_s(std::int64_t monotonic_ns) {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const auto monotonic = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(wall - monotonic).count() + static_cast<double>(monotonic_ns) / 1e9;
}

void pass(std::chrono::milliseconds time) {
  ::poll(nullptr, 0, static_cast<int>(time.count()));
}

}  // namespace espalier::test
