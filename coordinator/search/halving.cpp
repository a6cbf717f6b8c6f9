#include "coordinator/search/halving.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "coordinator/search/points.hpp"

namespace espalier::search {

namespace {

class Ladder {
 public:
  Ladder(const Rules& rules, const std::vector<Told>& told) : rules_(rules), told_(told) {
    last_ = std::max<std::size_t>(rules.space.rungs.size(), 1) - 1;
    find_new_points();
    bool more_below = !new_points_.empty();
    for (std::size_t rung = 0; rung < last_; ++rung) {
      more_below = more_below || std::any_of(told.begin(), told.end(), [&](const Told& each) {
                     return each.state == Told::State::open && each.rung <= rung;
                   });
      promotable_.push_back(best_of(rung, more_below));
      more_below = more_below || !promotable_.back().empty();
    }
  }

  Advice fill(std::size_t slots) const {
    Advice advice;
    const auto open = static_cast<std::size_t>(std::count_if(
        told_.begin(), told_.end(), [](const Told& each) { return each.state == Told::State::open; }));
    const std::size_t places =
        std::max<std::size_t>(slots, 1) - std::min(open, std::max<std::size_t>(slots, 1));
    const auto ask = [&](const Point& point, std::size_t rung) {
      if (advice.next.size() < places) advice.next.push_back({rules_.space.group, point, 0, rung});
    };
    for (std::size_t rung = last_; rung-- > 0;)
      for (const auto trial : promotable_[rung]) ask(told_[trial].point, rung + 1);
    for (const auto& point : new_points_) ask(point, 0);
    if (open == 0 && advice.next.empty())
      if (const auto trial = replacement()) ask(told_[*trial].point, told_[*trial].rung + 1);
    advice.finished = open == 0 && advice.next.empty();
    return advice;
  }

 private:
  void find_new_points() {
    Tried tried(rules_.space);
    for (const auto& each : told_)
      if (belongs(rules_.space, each.point)) tried.add(each.point);
    for (const auto& point : rules_.space.drawn) {
      if (told_.size() + new_points_.size() >= rules_.search.trials) return;
      if (belongs(rules_.space, point) && tried.add(point)) new_points_.push_back(point);
    }
  }

  static bool has_ended(const Told& trial, std::size_t rung) {
    return trial.rungs.size() > rung || (trial.state != Told::State::open && trial.rung >= rung);
  }

  // Larger is better. Unset: there is none, or it failed on this rung.
  std::optional<double> score(const Told& trial, std::size_t rung) const {
    const bool fell = trial.state == Told::State::failed && trial.rung <= rung;
    if (fell || trial.rungs.size() <= rung || !std::isfinite(trial.rungs[rung].value_or(NAN))) return {};
    return rules_.search.maximize ? *trial.rungs[rung] : -*trial.rungs[rung];
  }

  bool can_go_on(std::size_t trial, std::size_t rung) const {
    const Told& each = told_[trial];
    return each.state == Told::State::succeeded && each.rung == rung && score(each, rung).has_value();
  }

  // The trials that have ended the rung, the best first.
  std::vector<std::size_t> ranked(std::size_t rung) const {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < told_.size(); ++i)
      if (has_ended(told_[i], rung)) all.push_back(i);
    std::stable_sort(all.begin(), all.end(), [&](std::size_t a, std::size_t b) {
      return score(told_[a], rung) > score(told_[b], rung);  // unset is least
    });
    return all;
  }

  // Those that may go on from the rung now.
  std::vector<std::size_t> best_of(std::size_t rung, bool more_will_end) const {
    auto best = ranked(rung);
    const auto reduction = static_cast<std::size_t>(std::max<std::int64_t>(rules_.search.reduction, 2));
    const std::size_t quota = std::max<std::size_t>(best.size() / reduction, more_will_end ? 0 : 1);
    best.resize(std::min(best.size(), quota));
    std::erase_if(best, [&](std::size_t trial) { return !can_go_on(trial, rung); });
    return best;
  }

  // Who goes on if nobody else would and nobody was ever asked to come to the end: those before it failed.
  std::optional<std::size_t> replacement() const {
    for (const auto& each : told_)
      if (each.rung >= last_) return std::nullopt;
    for (std::size_t rung = last_; rung-- > 0;)
      for (const auto trial : ranked(rung))
        if (can_go_on(trial, rung)) return trial;
    return std::nullopt;
  }

  const Rules& rules_;
  const std::vector<Told>& told_;
  std::size_t last_ = 0;
  std::vector<Point> new_points_;
  std::vector<std::vector<std::size_t>> promotable_;  // by the rung that they have ended
};

}  // namespace

Advice advance_halving(const Rules& rules, const std::vector<Told>& told, std::size_t slots) {
  return Ladder(rules, told).fill(slots);
}

}  // namespace espalier::search
