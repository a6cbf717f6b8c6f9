// `espalier up` with runners that only pretend (tests/system/fake_runner.cpp): everything but the learning is
// real.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/net/http_client.hpp"
#include "tests/integration/espalier_program.hpp"

namespace espalier::test {

class RunningSystem {
 public:
  struct Options {
    int workers = 2;
    int slots = 2;
    int task_ms = 60;
    int lease_ms = 10'000;  // piece by piece
    std::string runner = ESPALIER_FAKE_RUNNER;
    std::string http = "127.0.0.1:0";
    std::string zmq = "tcp://127.0.0.1:0";
    bool insecure_bind = true;
    std::vector<std::string> more = {};  // options of `espalier up`
    bool keys = false;  // piece by piece: workers come with keys of `espalier keys`, in keys()
    std::vector<std::string> worker_arguments = {};  // piece by piece: more of them
  };
  RunningSystem() : RunningSystem(Options{}) {}
  explicit RunningSystem(Options options);
  ~RunningSystem();  // stops everything in order

  [[nodiscard]] const Sandbox& sandbox() const { return sandbox_; }
  [[nodiscard]] pid_t pid() const { return up_.pid(); }
  bool start();  // `espalier up`; true once a coordinator answers and every worker is there
  void stop();

  // Before `start`, if it asks for them: what this test shows over HTTP, and the file with the certificate
  // that it trusts.
  void set_access(std::string token, const std::string& certificate = {});
  [[nodiscard]] const net::HttpAccess& access() const { return access_; }

  // Piece by piece instead of by `espalier up`. `prefix` is a command that starts a command.
  bool start_database(const std::string& host = "");  // on a Unix socket, or for that host's network
  // The first one is there when this returns. Every other stands by, on the same port of its own address.
  ChildProcess start_coordinator(const std::string& host, std::vector<std::string> prefix = {});
  // Of all coordinators that were started, or beside the workers of `espalier up`.
  ChildProcess start_worker(const std::string& name, int slots, std::vector<std::string> prefix = {}) const;
  struct WorkerStart {
    std::string name = {};  // empty: as its key says
    int slots = 2;
    std::filesystem::path key = {};  // empty: none
    std::string coordinator = {};    // empty: those that were started
    std::vector<std::string> prefix = {};
  };
  ChildProcess start_worker(const WorkerStart& start) const;  // its log: `log_of` its name, or its key's
  [[nodiscard]] std::filesystem::path keys() const { return sandbox_.folder() / "keys"; }
  [[nodiscard]] std::filesystem::path add_key(const std::string& worker) const;  // the worker's file
  [[nodiscard]] std::string log_of(const std::string& worker) const;

  // ---- what the fake runners do ----
  void hold() const;  // no task ends any more …
  void release() const;
  void vary() const;                         // from now on what they measure depends on the model
  void fail(const std::string& text) const;  // tasks fail whose `run` line contains the text; "": none do
  struct Sighting {
    std::int64_t began = 0, last_alive = 0, ended = 0;  // ns on the monotonic clock; 0: not yet
  };
  [[nodiscard]] std::map<std::int64_t, Sighting> seen() const;  // by attempt

  [[nodiscard]] std::size_t busy() const;  // attempts that have begun and not ended

  // ---- what the coordinator says ----
  [[nodiscard]] std::string database_socket() const;  // the folder with it
  // As the database's owner, each statement a transaction; what it prints, or unset if one failed.
  std::optional<std::string> psql(const std::vector<std::string>& statements) const;
  [[nodiscard]] const std::string& database() const { return database_; }  // piece by piece: how to connect
  [[nodiscard]] bool worker_is_alive(const std::string& name) const;
  std::int64_t submit(const std::string& toml, const std::string& file = "job.toml") const;
  [[nodiscard]] std::optional<json::object> summary(std::int64_t job) const;  // unset while nobody answers
  [[nodiscard]] std::string state(std::int64_t job) const;                    // "" while nobody answers
  [[nodiscard]] std::int64_t executed(std::int64_t job) const;                // tasks
  [[nodiscard]] json::array sql(const std::string& statement) const {
    return sandbox_.sql(statement, database_);
  }
  [[nodiscard]] std::string said() const;  // by `espalier up` and its programs: all logs

  // "http", "zmq" of the coordinator that was the last to be ready.
  [[nodiscard]] std::optional<std::string> address(const char* of) const;

 private:
  [[nodiscard]] std::optional<json::object> ask(const std::string& path) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const;
  Options options_;
  net::HttpAccess access_;
  Sandbox sandbox_;
  ChildProcess up_;
  ChildProcess postgres_;
  std::string database_;                  // unset with `espalier up`
  std::vector<std::string> for_workers_;  // the coordinators' addresses
};

// How the jobs for these runners begin: name, data, net, benchmark, limits.
std::string job_head(const std::string& name, int retries = 0);

// `trials` independent trials of three tasks each (train, evaluate, benchmark).
std::string wide_job(int trials, int retries = 0, const std::string& name = "wide");

}  // namespace espalier::test
