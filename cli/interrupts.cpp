#include "cli/interrupts.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "common/base/result.hpp"

namespace espalier::cli {
namespace {

sigset_t wanted() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set, number);
  return set;
}

}  // namespace

Interrupts::Interrupts() {
  const auto set = wanted();
  ESPALIER_ASSERT(::sigprocmask(SIG_BLOCK, &set, nullptr) == 0);
  descriptor_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  ESPALIER_ASSERT(descriptor_ >= 0);
}

Interrupts::~Interrupts() {
  ::close(descriptor_);
  const auto set = wanted();
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

bool Interrupts::wait(std::chrono::milliseconds limit, const std::vector<int>& others) {
  if (came_) return true;
  std::vector<pollfd> watched{{descriptor_, POLLIN, 0}};
  for (const int other : others) watched.push_back({other, POLLIN, 0});
  ::poll(watched.data(), watched.size(), static_cast<int>(limit.count()));
  signalfd_siginfo signal{};
  came_ = ::read(descriptor_, &signal, sizeof signal) == sizeof signal;
  return came_;
}

}  // namespace espalier::cli
