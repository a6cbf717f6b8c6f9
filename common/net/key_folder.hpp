// The keys of a coordinator and of the workers that it lets in, as files:
//   server.key         its own pair; mode 0600
//   workers/NAME.pub   the public key of a worker that may come in
//   NAME.worker        made with it: all that this worker needs, to be copied to its host; mode 0600
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/net/curve_keys.hpp"

namespace espalier::net {

class KeyFolder {
 public:
  explicit KeyFolder(std::filesystem::path root) : root_(std::move(root)) {}

  Result<void> init() const;  // ErrorKind::busy if it has a server's key already
  // ErrorKind::not_found if `init` never was, usage if others may read it or it is no key.
  [[nodiscard]] Result<KeyPair> server() const;

  // Makes both files and returns the path of NAME.worker. ErrorKind::usage if the name can't be a file's,
  // busy if there is such a worker.
  [[nodiscard]] Result<std::filesystem::path> add_worker(const std::string& name) const;
  Result<void> revoke(const std::string& name) const;  // ErrorKind::not_found if there is no such worker

  struct Admitted {
    AdmittedKeys keys;
    std::vector<std::string>
        complaints;  // about files that let nobody in: they hold no key, or one that another has
  };
  // ErrorKind::not_found if `init` never was.
  [[nodiscard]] Result<Admitted> admitted() const;

  [[nodiscard]] std::filesystem::path workers() const { return root_ / "workers"; }
  [[nodiscard]] std::filesystem::path worker_file(const std::string& name) const {
    return root_ / (name + ".worker");
  }

 private:
  [[nodiscard]] std::filesystem::path server_file() const { return root_ / "server.key"; }
  [[nodiscard]] std::filesystem::path public_file(const std::string& name) const {
    return workers() / (name + ".pub");
  }

  std::filesystem::path root_;
};

// What `add_worker` made. ErrorKind::not_found, or usage if others may read it or it is no such file.
Result<WorkerKey> read_worker_key(const std::filesystem::path& path);

}  // namespace espalier::net
