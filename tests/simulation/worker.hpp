// A worker's side of the protocol, as small as it can be: says Hello, beats, runs what it is given, repeats
// its reports until they are acknowledged, and stops everything when its own copy of the lease ends.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/wire/messages.hpp"

namespace espalier::simulation {

class Worker {
 public:
  Worker(std::string name, int slots, std::mt19937_64& chance)
      : name_(std::move(name)), slots_(slots), chance_(chance) {}

  void start(int session);  // a new process, which remembers nothing
  void crash() { running_process_ = false; }
  [[nodiscard]] bool runs() const { return running_process_; }
  // The process that is at work on a peer address; messages to an older one are lost.
  [[nodiscard]] std::string peer() const { return name_ + "/" + session_; }

  void hear(MonotonicTime now, const wire::ToWorker& message);
  std::vector<wire::ToCoordinator> act(MonotonicTime now);  // what it says now
  std::vector<wire::ToCoordinator> leave();
  [[nodiscard]] std::vector<std::int64_t> attempts() const;

 private:
  struct Attempt {
    MonotonicTime ends;
    bool ended = false;
    wire::Finished report;
  };
  void accept(MonotonicTime now, const wire::Assign& assign);
  wire::Hello hello();
  std::mt19937_64::result_type draw(std::mt19937_64::result_type below) { return chance_() % below; }

  std::string name_;
  int slots_ = 1;
  std::mt19937_64& chance_;
  std::string session_;
  bool running_process_ = false;
  bool welcomed_ = false;
  std::int64_t epoch_ = 0;
  std::int64_t beat_ = 0;
  std::map<std::int64_t, MonotonicTime> beats_sent_;
  MonotonicTime lease_end_;
  MonotonicTime next_word_;
  std::map<std::int64_t, Attempt> attempts_;
};

}  // namespace espalier::simulation
