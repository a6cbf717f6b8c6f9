#include "tests/system/running_system.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "common/base/files.hpp"
#include "common/net/blocking_http.hpp"
#include "coordinator/store/private_cluster.hpp"

namespace fs = std::filesystem;

namespace espalier::test {

namespace {

bool copy_tree(const fs::path& from, const fs::path& to) {
  ChildOptions copy;  // of the shell's, since it keeps owners
  copy.arguments = {"cp", "-a", "--reflink=auto", from, to};
  const auto copied = run_to_end(copy, std::chrono::seconds(60));
  return copied && copied->exit.succeeded();
}

// An empty cluster to copy: making one takes seconds. Made by the first test that needs it.
Result<fs::path> empty_cluster() {
  const fs::path folder = fs::path(ESPALIER_FAKE_RUNNER).parent_path() / "empty-cluster";
  const int lock = ::open((folder.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0 || ::flock(lock, LOCK_EX) != 0)
    return Error{ErrorKind::failed, "no lock for " + folder.string(), ""};
  Result<fs::path> made = folder;
  if (!fs::exists(folder)) {
    const Sandbox sandbox;
    if (auto cluster = store::PrivateCluster::start(sandbox.state()); !cluster) made = cluster.error();
    if (made && !copy_tree(sandbox.state(), folder))
      made = Error{ErrorKind::failed, "it can't be copied", ""};
  }
  ::close(lock);
  return made;
}

}  // namespace

RunningSystem::RunningSystem(Options options) : options_(std::move(options)) {
  fs::create_directories(sandbox_.folder() / "fake");
  fs::create_directories(sandbox_.state());
  const auto cluster = empty_cluster();
  EXPECT_TRUE(cluster && copy_tree(*cluster, sandbox_.state() / "postgres"));
}

RunningSystem::~RunningSystem() {
  stop();
}

std::vector<std::pair<std::string, std::string>> RunningSystem::environment() const {
  return {{"ESPALIER_RUNNER", options_.runner},
          {"FAKE_RUNNER_FOLDER", (sandbox_.folder() / "fake").string()},
          {"FAKE_RUNNER_MS", std::to_string(options_.task_ms)}};
}

bool RunningSystem::start() {
  auto child =
      sandbox_.options({"up", "--workers", std::to_string(options_.workers), "--slots",
                        std::to_string(options_.slots), "--http", options_.http, "--zmq", options_.zmq});
  if (options_.insecure_bind) child.arguments.emplace_back("--insecure-bind");
  child.arguments.insert(child.arguments.end(), options_.more.begin(), options_.more.end());
  child.output_file = sandbox_.folder() / "up.log";
  child.environment = environment();
  auto started = ChildProcess::spawn(child);
  if (!started) return false;
  up_ = std::move(*started);
  return eventually([this] {
    const auto answer = ask("/api/v1/workers");
    if (!answer) return false;
    const auto& workers = answer->at("workers").as_array();
    return std::count_if(workers.begin(), workers.end(), [](const json::value& worker) {
             return worker.at("state").as_string() == "alive";
           }) >= options_.workers;
  });
}

bool RunningSystem::start_database(const std::string& host) {
  const auto folder = sandbox_.state() / "postgres";
  const auto version = read_file(folder / "data/PG_VERSION").value();
  ChildOptions server;
  server.arguments = {"/usr/lib/postgresql/" + version.substr(0, version.find('\n')) + "/bin/postgres",
                      "-D",
                      folder / "data",
                      "-k",
                      folder,
                      "-c",
                      "listen_addresses=" + host};
  server.folder = "/";
  server.output_file = folder / "postgres.log";
  server.signal_on_parent_death = SIGINT;
  if (::geteuid() == 0) {
    const passwd* user = ::getpwnam("postgres");
    server.run_as.emplace(user->pw_uid, user->pw_gid);
  }
  std::ofstream(folder / "data/pg_hba.conf", std::ios::app) << "host all all samenet trust\n";
  auto started = ChildProcess::spawn(server);
  if (!started) return false;
  postgres_ = std::move(*started);
  database_ = "dbname=postgres user=espalier host=" + (host.empty() ? folder.string() : host);
  return eventually([&] { return store::PrivateCluster::running(folder).has_value(); });
}

ChildProcess RunningSystem::start_coordinator(const std::string& host, std::vector<std::string> prefix) {
  const auto number = std::to_string(for_workers_.size() + 1);
  const auto file =
      sandbox_.state() / (for_workers_.empty() ? "coordinator.json" : "coordinator-" + number + ".json");
  const auto port =
      for_workers_.empty() ? ":0" : for_workers_.front().substr(for_workers_.front().rfind(':'));
  ChildOptions child;
  child.arguments = std::move(prefix);
  child.arguments.insert(
      child.arguments.end(),
      {std::string(ESPALIER_BIN) + "/espalier-coordinator", "--database", database_, "--artifacts",
       sandbox_.state() / "artifacts", "--state-file", file, "--http", host + ":0", "--zmq",
       "tcp://" + host + port, "--insecure-bind", "--lease-ms", std::to_string(options_.lease_ms)});
  if (options_.keys) {
    if (!fs::exists(keys())) {
      const auto made = sandbox_.run({"keys", "init", "--keys", keys()});
      EXPECT_EQ(made.exit.code, 0) << made.errors;
    }
    child.arguments.insert(child.arguments.end(), {"--keys", keys()});
  }
  fs::create_directories(sandbox_.state() / "logs");
  child.output_file = sandbox_.state() / "logs" / ("coordinator-" + number + ".log");
  auto started = ChildProcess::spawn(child);
  EXPECT_TRUE(started.has_value());
  if (!started) return {};
  if (for_workers_.empty()) {
    EXPECT_TRUE(eventually([&] { return fs::exists(file); })) << said();
  }
  for_workers_.push_back(for_workers_.empty() ? address("zmq").value_or("") : "tcp://" + host + port);
  return std::move(*started);
}

ChildProcess RunningSystem::start_worker(const std::string& name, int slots,
                                         std::vector<std::string> prefix) const {
  WorkerStart start;
  start.name = name;
  start.slots = slots;
  if (options_.keys) start.key = add_key(name);
  start.prefix = std::move(prefix);
  return start_worker(start);
}

ChildProcess RunningSystem::start_worker(const WorkerStart& start) const {
  const auto coordinators =
      for_workers_.empty() ? address("zmq").value_or("") : fmt::format("{}", fmt::join(for_workers_, ","));
  const auto name = start.name.empty() ? start.key.stem().string() : start.name;
  ChildOptions child;
  child.arguments = start.prefix;
  child.arguments.insert(child.arguments.end(),
                         {std::string(ESPALIER_BIN) + "/espalier-worker", "--coordinator",
                          start.coordinator.empty() ? coordinators : start.coordinator, "--slots",
                          std::to_string(start.slots), "--cache", sandbox_.folder() / ("cache-" + name)});
  if (!start.name.empty()) child.arguments.insert(child.arguments.end(), {"--name", start.name});
  if (!start.key.empty()) child.arguments.insert(child.arguments.end(), {"--key", start.key});
  child.arguments.insert(child.arguments.end(), options_.worker_arguments.begin(),
                         options_.worker_arguments.end());
  child.environment = environment();
  child.output_file = sandbox_.state() / "logs" / (name + ".log");
  auto started = ChildProcess::spawn(child);
  EXPECT_TRUE(started.has_value());
  return started ? std::move(*started) : ChildProcess();
}

void RunningSystem::set_access(std::string token, const std::string& certificate) {
  access_.token = std::move(token);
  if (!certificate.empty()) access_.tls = net::TlsClient::pinned(read_file(certificate).value()).value();
}

fs::path RunningSystem::add_key(const std::string& worker) const {
  const auto file = keys() / (worker + ".worker");
  if (fs::exists(file)) return file;
  const auto made = sandbox_.run({"keys", "add-worker", worker, "--keys", keys()});
  EXPECT_EQ(made.exit.code, 0) << made.errors;
  return file;
}

std::string RunningSystem::log_of(const std::string& worker) const {
  const auto text = read_file(sandbox_.state() / "logs" / (worker + ".log"));
  return text ? *text : "";
}

void RunningSystem::stop() {
  if (postgres_.spawned()) postgres_.stop(SIGINT, std::chrono::seconds(30));
  if (!up_.spawned() || up_.poll()) return;
  // What a test has stopped with SIGSTOP couldn't end.
  for (const auto pid : descendants(up_.pid())) ::kill(pid, SIGCONT);
  up_.stop(SIGINT, std::chrono::seconds(60));
}

void RunningSystem::hold() const {
  std::ofstream(sandbox_.folder() / "fake/hold") << "\n";
}
void RunningSystem::release() const {
  fs::remove(sandbox_.folder() / "fake/hold");
}
void RunningSystem::vary() const {
  std::ofstream(sandbox_.folder() / "fake/vary") << "\n";
}
void RunningSystem::fail(const std::string& text) const {
  EXPECT_TRUE(write_file_atomically(sandbox_.folder() / "fake/fail", text + "\n").has_value());
}

std::map<std::int64_t, RunningSystem::Sighting> RunningSystem::seen() const {
  std::map<std::int64_t, Sighting> found;
  std::ifstream file(sandbox_.folder() / "fake/log");
  std::string what;
  std::int64_t attempt = 0;
  std::int64_t when = 0;
  while (file >> what >> attempt >> when) {
    auto& sighting = found[attempt];
    if (what == "begin") sighting.began = when;
    if (what == "end") sighting.ended = when;
    sighting.last_alive = std::max(sighting.last_alive, when);
  }
  return found;
}

std::size_t RunningSystem::busy() const {
  const auto all = seen();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const auto& entry) { return entry.second.ended == 0; }));
}

std::optional<std::string> RunningSystem::address(const char* of) const {
  auto text = read_file(sandbox_.state() / "coordinator-2.json");
  if (!text) text = read_file(sandbox_.state() / "coordinator.json");
  if (!text) return std::nullopt;
  const auto addresses = parse_json(*text);
  if (!addresses) return std::nullopt;
  return std::string(addresses->at(of).as_string());
}

std::string RunningSystem::database_socket() const {
  const auto connection = store::PrivateCluster::running(sandbox_.state() / "postgres").value_or("");
  const auto host = connection.find("host=") + 5;
  return connection.substr(host, connection.find(' ', host) - host);
}

std::optional<std::string> RunningSystem::psql(const std::vector<std::string>& statements) const {
  const auto ours = store::PrivateCluster::running(sandbox_.state() / "postgres");
  ChildOptions psql;
  psql.arguments = {"psql", "--tuples-only", "--quiet", "--dbname",
                    database_.empty() ? ours.value_or("") : database_};
  for (const auto& statement : statements)
    psql.arguments.insert(psql.arguments.end(), {"--command", statement});
  const auto ran = run_to_end(psql, std::chrono::seconds(20));
  return ran && ran->exit.succeeded() ? std::optional(ran->text) : std::nullopt;
}

bool RunningSystem::worker_is_alive(const std::string& name) const {
  const auto answer = ask("/api/v1/workers");
  if (!answer) return false;
  const auto& workers = answer->at("workers").as_array();
  return std::any_of(workers.begin(), workers.end(), [&](const json::value& worker) {
    return worker.at("name").as_string() == name && worker.at("state").as_string() == "alive";
  });
}

std::optional<json::object> RunningSystem::ask(const std::string& path) const {
  const auto http = address("http");
  if (!http) return std::nullopt;
  const auto reply = net::request("GET", *http + path, "", std::chrono::seconds(10), access_);
  if (!reply || !reply->succeeded()) return std::nullopt;
  const auto body = parse_json(reply->body);
  if (!body || !body->is_object()) return std::nullopt;
  return body->as_object();
}

std::int64_t RunningSystem::submit(const std::string& toml, const std::string& file) const {
  auto submit = sandbox_.options({"submit", "--json", sandbox_.write(file, toml)});
  if (!access_.token.empty()) submit.environment.emplace_back("ESPALIER_TOKEN", access_.token);
  const auto ran = sandbox_.run(std::move(submit));
  EXPECT_EQ(ran.exit.code, 0) << ran.errors;
  return ran.exit.code == 0 ? ran.document().at("id").to_number<std::int64_t>() : 0;
}

std::optional<json::object> RunningSystem::summary(std::int64_t job) const {
  const auto answer = ask(fmt::format("/api/v1/jobs/{}/summary", job));
  if (!answer) return std::nullopt;
  return answer->at("job").as_object();
}

std::string RunningSystem::state(std::int64_t job) const {
  const auto found = summary(job);
  return found ? std::string(found->at("state").as_string()) : std::string();
}

std::int64_t RunningSystem::executed(std::int64_t job) const {
  const auto found = summary(job);
  return found ? found->at("tasks").at("executed").to_number<std::int64_t>() : 0;
}

std::string RunningSystem::said() const {
  std::string text = read_file(sandbox_.folder() / "up.log") ? *read_file(sandbox_.folder() / "up.log") : "";
  std::error_code none;
  for (const auto& log : fs::directory_iterator(sandbox_.state() / "logs", none))
    if (const auto words = read_file(log.path()))
      text += fmt::format("--- {}\n{}", log.path().filename().string(), *words);
  return text;
}

std::string job_head(const std::string& name, int retries) {
  return fmt::format(R"(
[job]
name = "{}"
[data]
dataset = "fashion-mnist"
train_samples = 1000
val_samples = 500
[model]
name = "lenet5"
[benchmark]
batch_sizes = [1]
[limits]
retries = {}
)",
                     name, retries);
}

std::string wide_job(int trials, int retries, const std::string& name) {
  std::vector<int> epochs;
  for (int trial = 0; trial < trials; ++trial) epochs.push_back(trial + 1);
  return job_head(name, retries) + fmt::format(R"([[group]]
name = "all"
pipeline = ["train"]
sweep = {{ "train.epochs" = [{}] }}
)",
                                               fmt::join(epochs, ", "));
}

}  // namespace espalier::test
