// What lies between two programs: frames are lost, doubled, delayed, and held up while a line is cut.
#pragma once

#include <algorithm>
#include <functional>
#include <utility>

#include "tests/simulation/chance.hpp"
#include "tests/simulation/clockwork.hpp"
#include "tests/simulation/weather.hpp"

namespace espalier::simulation {

struct Line {  // one direction of one worker's connection
  MonotonicTime cut_until;
  MonotonicTime last_arrival;
};

class Network {
 public:
  Network(Clockwork& clockwork, Chance& chance, const Weather& weather)
      : clockwork_(clockwork), chance_(chance), weather_(weather) {}

  void carry(Line& line, const std::function<void()>& arrive) {
    if (calm_) return clockwork_.in(std::chrono::milliseconds(1), arrive);
    const auto now = clockwork_.now();
    // A cut connection holds back what TCP will send again, or breaks and loses it.
    const bool cut = line.cut_until > now;
    if (chance_.one_in(weather_.lose_one_in) || (cut && chance_.one_in(2))) return;
    const int copies = chance_.one_in(weather_.double_one_in) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const auto most =
          chance_.one_in(weather_.delay_one_in) ? std::chrono::seconds(9) : std::chrono::milliseconds(30);
      auto arrival = std::max(now, line.cut_until) + chance_.between(std::chrono::milliseconds(0), most);
      if (!weather_.reorders) arrival = std::max(arrival, line.last_arrival);
      line.last_arrival = std::max(arrival, line.last_arrival);
      clockwork_.at(arrival, arrive);
    }
    if (chance_.one_in(weather_.replay_one_in))
      clockwork_.in(chance_.between(std::chrono::seconds(1), std::chrono::seconds(60)), arrive);
  }

  void calm_down() { calm_ = true; }

 private:
  Clockwork& clockwork_;
  Chance& chance_;
  const Weather& weather_;
  bool calm_ = false;
};

}  // namespace espalier::simulation
