#include "worker/confinement/starter.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "common/base/child_process.hpp"
#include "common/base/json.hpp"

namespace espalier::confinement {
namespace {

constexpr std::size_t kLongest = 64 * 1024;  // of a message: a program's arguments, or what it printed

// Messages of a packet socket keep their borders.
std::optional<std::string> receive(int socket) {
  std::string message(kLongest, '\0');
  for (;;) {
    const auto got = ::read(socket, message.data(), message.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    message.resize(static_cast<std::size_t>(got));
    return message;
  }
}

bool send(int socket, const std::string& message) {
  return ::write(socket, message.data(), message.size()) == static_cast<ssize_t>(message.size());
}

std::optional<std::string> output_of(std::vector<std::string> command, const std::string& request,
                                     std::chrono::milliseconds limit) {
  const auto arguments = parse_json(request);
  if (!arguments || !arguments->is_array()) return std::nullopt;
  for (const auto& argument : arguments->get_array()) {
    if (!argument.is_string()) return std::nullopt;
    command.emplace_back(argument.get_string());
  }
  ChildOptions options;
  options.arguments = std::move(command);
  options.signal_on_parent_death = SIGKILL;
  const auto output = run_to_end(options, limit);
  if (!output || !output->exit.succeeded()) return std::nullopt;
  return output->text;
}

[[noreturn]] void serve(int socket, const std::vector<std::string>& program,
                        std::chrono::milliseconds limit) {
  while (const auto request = receive(socket)) {
    const auto output = output_of(program, *request, limit);
    const json::value answer = output ? json::value(*output) : json::value(nullptr);
    if (!send(socket, json::serialize(answer).substr(0, kLongest))) break;
  }
  ::_exit(0);
}

}  // namespace

Result<Starter> Starter::leave_outside(std::vector<std::string> program, int closed,
                                       std::chrono::milliseconds limit) {
  const auto failed = [&program] {
    return Error{ErrorKind::internal, program.front() + " can't be started later: " + std::strerror(errno),
                 ""};
  };
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return failed();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (::getppid() != parent) ::_exit(0);
    ::prctl(PR_SET_NAME, "espalier-start", 0, 0, 0);  // for whoever looks at a list of processes
    ::close(ends[0]);
    ::close(closed);
    serve(ends[1], program, limit);
  }
  ::close(ends[1]);
  if (child > 0) return Starter(ends[0]);
  ::close(ends[0]);
  return failed();
}

Starter::~Starter() {
  if (conversation_ >= 0) ::close(conversation_);
}

std::optional<std::string> Starter::run(const std::vector<std::string>& arguments) {
  json::array list;
  for (const auto& argument : arguments) list.emplace_back(argument);
  if (!send(conversation_, json::serialize(list))) return std::nullopt;
  const auto answer = receive(conversation_);
  const auto value = answer ? parse_json(*answer) : Error{};
  if (!value || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

}  // namespace espalier::confinement
