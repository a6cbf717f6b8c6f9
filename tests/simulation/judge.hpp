// Watches what no single program can see: who computes what at the same time, and whether what was promised
// to a worker is really on record.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "common/wire/messages.hpp"
#include "tests/simulation/store.hpp"

namespace espalier::simulation {

class Judge {
 public:
  explicit Judge(const Store& store) : store_(store) {}

  // A worker's core lets an attempt start: it is on record, and on this worker's name.
  void starts(std::int64_t attempt, const std::string& worker) const;

  // A runner begins and ceases to compute. `holds_lease` says whether its worker believes in its lease of
  // that epoch at the moment it is asked.
  using HoldsLease = std::function<bool(std::int64_t epoch)>;
  void computes(std::int64_t attempt, HoldsLease holds_lease);
  void ceases(std::int64_t attempt) { computing_.erase(attempt); }
  void draws_point(std::int64_t attempt, std::int64_t step) { points_[attempt].insert(step); }

  // To be asked whenever the store has changed: an attempt that the coordinator counts as lost isn't computed
  // by a worker that still believes in it. (One that still belongs to a coordinator which has been replaced
  // may compute on: whatever it reports is fenced.)
  void look_at_leases() const;

  void reports(const wire::Finished& finished) { reported_[finished.attempt] = finished.outcome; }
  void acknowledged(const wire::Finished& finished) const;
  void at_the_end() const;

 private:
  const Store& store_;
  std::map<std::int64_t, HoldsLease> computing_;
  std::map<std::int64_t, std::set<std::int64_t>> points_;
  std::map<std::int64_t, wire::Outcome> reported_;
};

}  // namespace espalier::simulation
