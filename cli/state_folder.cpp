#include "cli/state_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "common/base/files.hpp"
#include "common/base/json.hpp"

namespace espalier::cli {

Result<StateLock> StateLock::take(const StateFolder& state) {
  std::error_code failed;
  std::filesystem::create_directories(state.root / "logs", failed);
  if (failed)
    return Error{ErrorKind::failed,
                 "the state folder " + state.root.string() + " can't be made: " + failed.message(),
                 "choose another with --state"};
  const int descriptor = ::open(state.lock_file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0)
    return Error{ErrorKind::failed, state.lock_file().string() + " can't be opened: " + std::strerror(errno),
                 "choose another state folder with --state"};
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor);
    const auto holder = read_file(state.lock_file());
    return Error{
        ErrorKind::busy,
        "the state folder " + state.root.string() + " is in use" +
            (holder && !holder->empty() ? " by process " + *holder : ""),
        "wait for it to end, hand it this job with `espalier submit`, or choose another with --state"};
  }
  const auto pid = std::to_string(::getpid());
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, pid.data(), pid.size(), 0) < 0) {
    const std::string reason = std::strerror(errno);
    ::close(descriptor);
    return Error{ErrorKind::failed, state.lock_file().string() + " can't be written: " + reason, ""};
  }
  return StateLock(descriptor);
}

StateLock::StateLock(StateLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

StateLock::~StateLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<RunningCoordinator> coordinator_of(const StateFolder& state) {
  const auto text = read_file(state.coordinator_file());
  if (!text) return std::nullopt;
  const auto value = parse_json(*text);
  if (!value || !value->is_object()) return std::nullopt;
  const auto* http = value->as_object().if_contains("http");
  const auto* pid = value->as_object().if_contains("pid");
  if (http == nullptr || !http->is_string() || pid == nullptr || !pid->is_int64()) return std::nullopt;
  if (::kill(static_cast<pid_t>(pid->as_int64()), 0) != 0 && errno == ESRCH) return std::nullopt;
  RunningCoordinator found{std::string(http->as_string()), std::nullopt};
  if (const auto* pem = value->as_object().if_contains("certificate"); pem != nullptr && pem->is_string())
    found.certificate = std::string(pem->as_string());
  return found;
}

}  // namespace espalier::cli
