#include "tests/integration/espalier_program.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <sstream>

#include "common/base/files.hpp"
#include "common/net/blocking_http.hpp"

namespace fs = std::filesystem;

namespace espalier::test {
namespace {

constexpr std::chrono::minutes kPatience{5};

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  std::string name;
};

std::vector<Process> all_processes() {
  std::vector<Process> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    const auto stat = read_file(entry.path() / "stat");
    if (!stat) continue;  // it has ended since
    const auto& text = *stat;
    const auto open = text.find('(');
    const auto close = text.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;
    std::istringstream rest(text.substr(close + 1));
    std::string state;
    Process process{pid, 0, text.substr(open + 1, close - open - 1)};
    rest >> state >> process.parent;
    if (state != "Z") found.push_back(process);
  }
  return found;
}

bool takes_state(const std::string& command) {
  for (const char* other : {"run", "sql", "up", "submit", "jobs", "cancel", "pause", "resume", "retry",
                            "extend", "compare", "logs", "gc", "workers", "explain", "tokens"})
    if (command == other) return true;
  return false;
}

}  // namespace

json::object Ran::document() const {
  const auto value = parse_json(output);
  if (!value || !value->is_object()) {
    ADD_FAILURE() << "not a JSON document: " << output << "\n" << errors;
    return {};
  }
  return value->as_object();
}

Sandbox::Sandbox() {
  std::string name = (fs::temp_directory_path() / "espalier-test-XXXXXX").string();
  folder_ = ::mkdtemp(name.data());
  fs::permissions(folder_, fs::perms(0755));
}

Sandbox::~Sandbox() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

fs::path Sandbox::write(const std::string& name, const std::string& text) const {
  const auto path = folder_ / name;
  EXPECT_TRUE(write_file_atomically(path, text).has_value());
  return path;
}

ChildOptions Sandbox::options(std::vector<std::string> arguments) const {
  const bool says_its_own = std::find(arguments.begin(), arguments.end(), "--state") != arguments.end();
  if (!arguments.empty() && takes_state(arguments[0]) && !says_its_own) {
    arguments.insert(arguments.begin() + 1, {"--state", state().string()});
  }
  arguments.insert(arguments.begin(), std::string(ESPALIER_BIN) + "/espalier");
  ChildOptions options;
  options.arguments = std::move(arguments);
  return options;
}

Ran Sandbox::run(std::vector<std::string> arguments) const {
  return run(options(std::move(arguments)));
}

Ran Sandbox::run(ChildOptions options) const {
  const auto errors = folder_ / "run.err";
  fs::remove(errors);
  options.error_file = errors;
  const auto output = run_to_end(options, kPatience);
  if (!output) {
    ADD_FAILURE() << output.error().message;
    return {ChildExit{-1, std::nullopt}, "", ""};
  }
  return {output->exit, output->text, read_file(errors) ? *read_file(errors) : ""};
}

ChildProcess Sandbox::start(std::vector<std::string> arguments) const {
  auto child = options(std::move(arguments));
  child.output_file = folder_ / "started.out";
  child.error_file = folder_ / "started.err";
  auto started = ChildProcess::spawn(child);
  EXPECT_TRUE(started.has_value());
  return started ? std::move(*started) : ChildProcess();
}

json::array Sandbox::sql(const std::string& statement, const std::string& database) const {
  std::vector<std::string> arguments{"sql", "--json", statement};
  if (!database.empty()) arguments.insert(arguments.end(), {"--database", database});
  const auto ran = run(std::move(arguments));
  EXPECT_EQ(ran.exit.code, 0) << ran.errors;
  const auto rows = parse_json(ran.output);
  return rows && rows->is_array() ? rows->as_array() : json::array();
}

std::vector<pid_t> descendants(pid_t parent, const std::string& name) {
  const auto processes = all_processes();
  std::vector<pid_t> family{parent};
  for (std::size_t i = 0; i < family.size(); ++i)
    for (const auto& process : processes)
      if (process.parent == family[i]) family.push_back(process.pid);
  std::vector<pid_t> found;
  for (const auto& process : processes)
    if (process.pid != parent && std::find(family.begin(), family.end(), process.pid) != family.end() &&
        (name.empty() || process.name == name.substr(0, 15)))
      found.push_back(process.pid);
  return found;
}

bool alive(pid_t pid) {
  const auto processes = all_processes();
  return std::any_of(processes.begin(), processes.end(),
                     [pid](const auto& process) { return process.pid == pid; });
}

bool eventually(const std::function<bool()>& condition, std::chrono::seconds limit) {
  const char* patience = std::getenv("ESPALIER_PATIENCE");
  const auto deadline =
      std::chrono::steady_clock::now() + limit * (patience != nullptr ? std::stoi(patience) : 1);
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) return true;
    ::poll(nullptr, 0, 20);
  }
  return condition();
}

std::optional<json::object> newest_job(const Sandbox& sandbox) {
  const auto text = read_file(sandbox.state() / "coordinator.json");
  if (!text) return std::nullopt;
  const auto addresses = parse_json(*text);
  if (!addresses) return std::nullopt;
  const auto reply = net::request("GET", std::string(addresses->at("http").as_string()) + "/api/v1/jobs", "",
                                  std::chrono::seconds(10));
  if (!reply || !reply->succeeded()) return std::nullopt;
  const auto body = parse_json(reply->body);
  if (!body || body->at("jobs").as_array().empty()) return std::nullopt;
  return body->at("jobs").as_array().front().as_object();
}

}  // namespace espalier::test
