// Espalier on one machine: private PostgreSQL, coordinator and workers as children of this process, kept
// alive while it lives and stopped in order with it.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/interrupts.hpp"
#include "cli/state_folder.hpp"
#include "common/base/child_process.hpp"
#include "coordinator/store/private_cluster.hpp"

namespace espalier::cli {

struct LocalOptions {
  StateFolder state;
  int workers = 1;
  int slots = 0;                    // of each worker; 0: the cores divided among the workers
  std::optional<std::string> http;  // host:port of the page; unset: the usual port, or any free one
  std::optional<std::string> zmq;   // where workers of other hosts join; unset: any free loopback port
  bool insecure_bind = false;       // addresses that others can reach are allowed
  std::filesystem::path keys;       // net::KeyFolder: workers come with keys, ours too; empty: without
  bool require_tokens = false;      // over HTTP
  std::string certificate = {};     // PEM files: https
  std::string key = {};
  std::vector<std::string> job_files = {};  // folders in which job files may name files
  std::optional<std::string> database;      // a PostgreSQL of the user's instead of a private one
};

class LocalSystem {
 public:
  static Result<std::unique_ptr<LocalSystem>> start(LocalOptions options, Interrupts& interrupts);
  ~LocalSystem();  // workers first, then coordinator, then PostgreSQL

  [[nodiscard]] const std::string& http() const { return http_; }

  // Waits at most `limit`, less if a signal came, and starts again what died meanwhile. An error if something
  // dies again and again.
  Result<void> supervise(std::chrono::milliseconds limit);

 private:
  LocalSystem(LocalOptions options, StateLock lock, Interrupts& interrupts)
      : options_(std::move(options)), lock_(std::move(lock)), interrupts_(interrupts) {}

  Result<void> start_database();
  Result<void> start_database_again();
  Result<void> start_coordinator(const std::string& http, const std::string& zmq);
  Result<void> start_first_coordinator();
  Result<void> start_worker(int number);
  // Its file, made if there is none; unset if workers need no keys.
  [[nodiscard]] Result<std::optional<std::filesystem::path>> key_of(const std::string& worker) const;
  Result<void> note_death(const std::string& program, const ChildExit& ended,
                          const std::filesystem::path& log_file);

  LocalOptions options_;
  StateLock lock_;
  Interrupts& interrupts_;
  std::optional<store::PrivateCluster> cluster_;
  std::string database_;
  std::chrono::steady_clock::time_point database_due_;  // to be started, if it has ended
  ChildProcess coordinator_;
  std::string http_;
  std::string zmq_;
  std::vector<ChildProcess> workers_;
  int worker_starts_ = 0;
  std::deque<std::chrono::steady_clock::time_point> deaths_;
};

}  // namespace espalier::cli
