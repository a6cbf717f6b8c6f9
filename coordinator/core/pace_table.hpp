// How long tasks take: learned from those that have ended, by their kind and the device class they ran on.
// And how much is waiting for each class, so that work goes where it ends first.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "coordinator/core/rows.hpp"

namespace espalier::core {

using ClassIndex = Id<struct ClassIndexTag, std::uint16_t>;
inline constexpr ClassIndex kNoClass{0};

// What the live workers of one class have before them. Seconds of one slot of theirs.
struct ClassLoad {
  double waiting = 0;  // ready tasks that are best off here
  double running = 0;  // all that was expected of what runs; half of it is over, on average
  std::int64_t slots = 0;
  std::set<WorkerName> workers;        // that may be given something
  [[nodiscard]] double wait() const {  // until a task that comes last begins
    return slots > 0 ? (waiting + running / 2) / static_cast<double>(slots) : 0;
  }
};

class PaceTable {
 public:
  PaceTable() : loads_(1) {}
  ClassIndex class_of(const std::string& device_class);

  // One unit of work of this kind took so long there. Kind 0 is none, and never learned.
  void learn(std::uint64_t kind, ClassIndex where, double seconds);
  // For one unit of work; on a class where nothing of the kind has ended yet, what it took on others. Unset
  // if nothing is known.
  [[nodiscard]] std::optional<double> expect(std::uint64_t kind, ClassIndex where) const;
  [[nodiscard]] std::uint32_t known() const {
    return known_;
  }  // rises with every kind of which something is known first

  [[nodiscard]] std::size_t classes() const { return loads_.size(); }
  ClassLoad& load(ClassIndex of) { return loads_[of.value]; }
  [[nodiscard]] const ClassLoad& load(ClassIndex of) const { return loads_[of.value]; }

 private:
  std::map<std::string, ClassIndex> by_name_;
  std::vector<ClassLoad> loads_;  // by class; nothing has its home at kNoClass
  boost::unordered_flat_map<std::uint64_t, std::vector<float>>
      paces_;  // by kind: by class, 0 where nothing is known
  std::uint32_t known_ = 0;
};

}  // namespace espalier::core
