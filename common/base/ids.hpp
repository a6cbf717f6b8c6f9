// Ids are types of their own: a trial's number can't be passed where a job's is wanted.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace espalier {

template <class Tag, class Value>
struct Id {
  Value value{};
  friend auto operator<=>(const Id&, const Id&) = default;
};

using JobId = Id<struct JobTag, std::int64_t>;
using TrialId = Id<struct TrialTag, std::int64_t>;
using AttemptId = Id<struct AttemptTag, std::int64_t>;  // the fence: never repeats within a database
using TaskKey = Id<struct TaskTag, std::string>;        // 64 hex digits: SHA-256 of exactly the task's inputs
using WorkerName = Id<struct WorkerTag, std::string>;   // unique among live workers
using ContentHash = Id<struct ContentTag, std::string>;  // 64 hex digits: SHA-256 of an artifact's bytes

}  // namespace espalier

template <class Tag, class Value>
struct std::hash<espalier::Id<Tag, Value>> {
  std::size_t operator()(const espalier::Id<Tag, Value>& id) const { return std::hash<Value>{}(id.value); }
};
