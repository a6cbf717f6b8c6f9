// The one source of chance of a schedule, and the trace that proves that a seed replays exactly.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string_view>

#include "common/base/clock.hpp"

namespace espalier::simulation {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : source_(seed) {}

  std::uint64_t below(std::uint64_t limit) { return source_() % limit; }
  bool one_in(std::uint64_t n) { return n != 0 && source_() % n == 0; }  // 0: never
  Duration between(std::chrono::milliseconds least, std::chrono::milliseconds most) {
    const auto span = std::chrono::duration_cast<std::chrono::microseconds>(most - least).count();
    return least + std::chrono::microseconds(below(static_cast<std::uint64_t>(span) + 1));
  }

 private:
  std::mt19937_64 source_;
};

class Trace {
 public:
  void note(std::string_view text) {
    for (const char c : text) mix(static_cast<unsigned char>(c));
  }
  void note(std::int64_t number) {
    for (int shift = 0; shift < 64; shift += 8) mix(static_cast<unsigned char>(number >> shift));
  }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

  // For whoever looks into one seed: prints if it was asked to, and leaves the schedule as it is.
  template <class Words>
  void tell(Words words) const {
    if (loud_) fmt::print("{}\n", words());
  }

 private:
  void mix(unsigned char byte) { hash_ = (hash_ ^ byte) * 1'099'511'628'211ULL; }  // FNV-1a
  bool loud_ = std::getenv("SIMULATION_TRACE") != nullptr;
  std::uint64_t hash_ = 14'695'981'039'346'656'037ULL;
};

}  // namespace espalier::simulation
