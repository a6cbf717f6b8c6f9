// The folder that holds one local Espalier: its database, artifacts, logs, and the addresses of what runs in
// it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/base/result.hpp"

namespace espalier::cli {

inline constexpr const char* kDefaultState = ".espalier";

struct StateFolder {
  std::filesystem::path root;

  [[nodiscard]] std::filesystem::path postgres() const { return root / "postgres"; }
  [[nodiscard]] std::filesystem::path artifacts() const { return root / "artifacts"; }
  [[nodiscard]] std::filesystem::path worker(int number) const {
    return root / ("worker-" + std::to_string(number));
  }
  [[nodiscard]] std::filesystem::path log(const std::string& program) const {
    return root / "logs" / (program + ".log");
  }
  [[nodiscard]] std::filesystem::path coordinator_file() const { return root / "coordinator.json"; }
  [[nodiscard]] std::filesystem::path lock_file() const { return root / "lock"; }
};

// Held while a process works in a state folder. The kernel releases it when the holder ends, however it ends.
class StateLock {
 public:
  static Result<StateLock> take(
      const StateFolder& state);  // ErrorKind::busy, naming the holder, if it is held
  StateLock(StateLock&& other) noexcept;
  StateLock& operator=(StateLock&&) = delete;
  ~StateLock();

 private:
  explicit StateLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

struct RunningCoordinator {
  std::string http;                        // "http://127.0.0.1:8470"
  std::optional<std::string> certificate;  // PEM; with https
};
// The coordinator that works in this folder; unset if none does.
std::optional<RunningCoordinator> coordinator_of(const StateFolder& state);

}  // namespace espalier::cli
