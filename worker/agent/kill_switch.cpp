#include "worker/agent/kill_switch.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

namespace espalier::agent {
namespace {

void kill(int process) {
  ::syscall(SYS_pidfd_send_signal, process, SIGKILL, nullptr, 0);
}

}  // namespace

KillSwitch::~KillSwitch() {
  for (const auto& [attempt, process] : processes_) ::close(process);
}

void KillSwitch::arm(std::int64_t attempt, int process) {
  const int own = ::fcntl(process, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return;  // the loop kills it, only later
  const std::lock_guard lock(mutex_);
  if (pulled_.contains(attempt)) kill(own);
  const auto [entry, is_new] = processes_.emplace(attempt, own);
  if (!is_new) ::close(own);
}

void KillSwitch::disarm(std::int64_t attempt) {
  const std::lock_guard lock(mutex_);
  const auto found = processes_.find(attempt);
  if (found == processes_.end()) return;
  ::close(found->second);
  processes_.erase(found);
}

void KillSwitch::pull(std::int64_t attempt) {
  const std::lock_guard lock(mutex_);
  pulled_.insert(attempt);
  const auto found = processes_.find(attempt);
  if (found != processes_.end()) kill(found->second);
}

void KillSwitch::forget(std::int64_t attempt) {
  disarm(attempt);
  const std::lock_guard lock(mutex_);
  pulled_.erase(attempt);
}

}  // namespace espalier::agent
