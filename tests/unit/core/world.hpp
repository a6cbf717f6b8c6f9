// A core with a clock of its own, and short words for what happens to it and what it wants.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "common/base/hash.hpp"
#include "coordinator/core/core.hpp"

namespace espalier::core {

using namespace std::chrono_literals;

inline TaskId key(const std::string& name) {  // a number that stands for the name
  return {static_cast<std::int64_t>(std::stoull(sha256_hex(name).substr(0, 15), nullptr, 16))};
}

inline TaskRow task(const std::string& name, const std::vector<std::string>& inputs = {},
                    bool exclusive = false) {
  TaskRow row;
  row.id = key(name);
  row.exclusive = exclusive;
  for (const auto& input : inputs) row.inputs.push_back(key(input));
  return row;
}

inline JobRow job(std::int64_t id, std::vector<TaskRow> tasks, std::int64_t priority = 50) {
  JobRow row;
  row.id = {id};
  row.priority = priority;
  row.tasks = std::move(tasks);
  return row;
}

class World : public testing::Test {
 protected:
  World() { step(Started{1, 1}); }

  Actions& step(const Event& event) {
    actions_ = core_.step(now_, event);
    return actions_;
  }
  Actions& wait(Duration duration) {
    now_ += duration;
    return step(Tick{});
  }

  Actions& hello(const std::string& worker, int slots = 1, std::vector<std::int64_t> attempts = {},
                 const std::string& session = "s") {
    return hello_with(worker, slots, {}, std::move(attempts), session);
  }
  Actions& hello_with(const std::string& worker, int slots, json::object facts,
                      std::vector<std::int64_t> attempts = {}, const std::string& session = "s") {
    wire::Hello message;
    message.facts = std::move(facts);
    message.worker = worker;
    message.session = session;
    message.slots = slots;
    message.attempts = std::move(attempts);
    message.epoch = welcomed_in_;
    return step(WorkerHello{"peer-" + worker, message});
  }
  Actions& beat(const std::string& worker, std::vector<std::int64_t> attempts = {},
                const std::string& session = "s") {
    return step(WorkerHeartbeat{"peer-" + worker, {worker, session, std::move(attempts), 1}});
  }
  Actions& finish(const std::string& worker, std::int64_t attempt,
                  wire::Outcome outcome = wire::Outcome::succeeded, bool retryable = false) {
    wire::Finished message;
    message.worker = worker;
    message.attempt = attempt;
    message.seq = 9;
    message.outcome = outcome;
    message.retryable = retryable;
    if (outcome != wire::Outcome::succeeded)
      message.reason = "it broke";
    else
      message.metrics = {{"accuracy", 0.5, "", {}, {}, 1}};
    return step(AttemptFinished{"peer-" + worker, message});
  }
  Actions& add(JobRow row) { return step(JobAdded{std::move(row)}); }

  template <class T>
  std::vector<T> all() const {  // actions of one kind in the last step
    std::vector<T> found;
    for (const Action& action : actions_) {
      if (const auto* it = std::get_if<T>(&action)) found.push_back(*it);
    }
    return found;
  }
  template <class T>
  std::vector<T> writes() const {
    std::vector<T> found;
    for (const Write& write : all<Write>()) {
      if (const auto* it = std::get_if<T>(&write)) found.push_back(*it);
    }
    return found;
  }
  template <class T>
  std::vector<T> messages() const {
    std::vector<T> found;
    for (const Send& send : all<Send>()) {
      if (const auto* it = std::get_if<T>(&send.message)) found.push_back(*it);
    }
    return found;
  }
  // The attempt that the last step gave out for a task; 0 if none.
  std::int64_t given(const std::string& name) const {
    for (const GiveOut& give : all<GiveOut>()) {
      if (give.task == key(name)) return give.attempt.value;
    }
    return 0;
  }
  bool state_is(const std::string& name, TaskState state) const { return core_.state_of(key(name)) == state; }

  std::int64_t welcomed_in_ = 0;  // the epoch that workers say they come from
  Core core_{Settings{}};
  MonotonicTime now_{1000s};
  Actions actions_;
};

}  // namespace espalier::core
