// Planning in a made-up world: every file and data set exists, unless a test says otherwise.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "common/base/hash.hpp"
#include "common/job/plan.hpp"

namespace espalier::job {

inline Surroundings made_up_surroundings() {
  return {[](const std::string& path) -> Result<ContentHash> {
            if (path.starts_with("missing"))
              return Error{ErrorKind::not_found, "the file `" + path + "` does not exist", ""};
            return ContentHash{sha256_hex(path)};
          },
          [](const std::string& path) -> Result<std::string> {
            if (path.starts_with("missing"))
              return Error{ErrorKind::not_found, "the data folder does not exist", ""};
            return sha256_hex(path);
          },
          {},
          {}};
}

inline const std::string kJob = "[job]\nname = \"t\"\n";
inline const std::string kData = "[data]\ndataset = \"fashion-mnist\"\n";
inline const std::string kModel = "[model]\nname = \"lenet5\"\n";
inline const std::string kBasics = kJob + kData + kModel;

inline Planned planned(const std::string& text) {
  return plan_job(text, made_up_surroundings());
}

inline Plan plan_of(const std::string& text) {
  auto result = planned(text);
  EXPECT_TRUE(result.plan.has_value()) << render(result.errors, "job.toml", text);
  return result.plan.value_or(Plan{});
}

// The text that a diagnostic underlines.
inline std::string underlined(const std::string& text, const Diagnostic& diagnostic) {
  std::size_t start = 0;
  for (int line = 1; line < diagnostic.line; ++line) start = text.find('\n', start) + 1;
  return text.substr(start + static_cast<std::size_t>(diagnostic.column) - 1,
                     static_cast<std::size_t>(diagnostic.end_column - diagnostic.column));
}

inline std::set<std::string> keys_of(const Plan& plan) {
  std::set<std::string> keys;
  for (const auto& task : plan.tasks) keys.insert(task.key.value);
  return keys;
}

inline std::vector<const Task*> tasks_of(const Plan& plan, Stage stage) {
  std::vector<const Task*> found;
  for (const auto& task : plan.tasks) {
    if (task.stage == stage) found.push_back(&task);
  }
  return found;
}

}  // namespace espalier::job
