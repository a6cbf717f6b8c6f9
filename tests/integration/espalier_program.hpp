// The real programs, from outside: a state folder and job file of a test's own, the command line as a child.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/base/child_process.hpp"
#include "common/base/json.hpp"

namespace espalier::test {

struct Ran {
  ChildExit exit;
  std::string output;                           // standard output
  std::string errors;                           // standard error
  [[nodiscard]] json::object document() const;  // standard output as JSON
};

class Sandbox {
 public:
  Sandbox();
  ~Sandbox();  // kills what is left, removes the folder
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  [[nodiscard]] std::filesystem::path folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path state() const { return folder_ / "state"; }
  std::filesystem::path write(const std::string& name, const std::string& text) const;

  // `espalier ARGUMENTS…`; --state is added to the commands that take it.
  [[nodiscard]] ChildOptions options(std::vector<std::string> arguments) const;
  Ran run(std::vector<std::string> arguments) const;
  Ran run(ChildOptions options) const;
  ChildProcess start(
      std::vector<std::string> arguments) const;  // output goes to folder()/started.out and .err

  // Of the state folder's database, or of another.
  [[nodiscard]] json::array sql(const std::string& statement, const std::string& database = "") const;

 private:
  std::filesystem::path folder_;
};

// All processes below `parent` whose program is called `name` ("" for any).
std::vector<pid_t> descendants(pid_t parent, const std::string& name = {});
bool alive(pid_t pid);

// Asks again and again until `condition` holds; false if the time (times $ESPALIER_PATIENCE) is
// over first.
bool eventually(const std::function<bool()>& condition,
                std::chrono::seconds limit = std::chrono::seconds(60));

// JobSummary of the newest job of the coordinator that works in the sandbox; unset while there is none.
std::optional<json::object> newest_job(const Sandbox& sandbox);

}  // namespace espalier::test
