// A job's progress on standard error: a bar for each group on a terminal, a plain line for each change
// elsewhere.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "common/base/json.hpp"

namespace espalier::cli {

class LiveProgress {
 public:
  explicit LiveProgress(std::string page);  // the page's address, shown while the job runs
  void show(const json::object& summary);
  void end();  // leaves the last state on the screen

 private:
  void draw_bars(const json::object& summary);
  void print_line(const json::object& summary);

  std::string page_;
  bool terminal_;
  std::size_t drawn_lines_ = 0;
  std::string last_line_;
  std::chrono::steady_clock::time_point last_printed_{};
};

std::string in_words(std::chrono::seconds time);  // "1 min 20 s"

}  // namespace espalier::cli
