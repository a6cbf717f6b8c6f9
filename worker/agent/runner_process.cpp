#include "worker/agent/runner_process.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "common/base/log.hpp"

namespace espalier::agent {
namespace asio = boost::asio;
using boost::system::error_code;
namespace {

constexpr std::size_t kLongestLine = std::size_t{16} << 20;

void throw_if_cancelled(const error_code& failure) {
  if (failure == asio::error::operation_aborted) throw boost::system::system_error(failure);
}

}  // namespace

Result<std::unique_ptr<RunnerProcess>> RunnerProcess::start(asio::io_context& io,
                                                            std::vector<std::string> command,
                                                            std::filesystem::path log) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return Error{ErrorKind::internal, std::string("no socket for a runner: ") + std::strerror(errno), ""};
  std::unique_ptr<RunnerProcess> runner(new RunnerProcess(io, std::move(log)));
  runner->socket_.assign(asio::local::stream_protocol(), ends[0]);
  runner->empty_log();
  ChildOptions options;
  options.arguments = std::move(command);
  // Two OpenMP threads that spin beside a busy neighbour are far slower than one.
  options.environment = {{"OMP_WAIT_POLICY", "passive"}};
  options.error_file = runner->log_;
  options.inherited_descriptor = ends[1];
  options.own_group = true;
  options.signal_on_parent_death = SIGKILL;
  auto child = ChildProcess::spawn(options);
  ::close(ends[1]);
  if (!child) return child.error();
  runner->child_ = std::move(*child);
  return runner;
}

RunnerProcess::~RunnerProcess() {
  kill();
}

void RunnerProcess::kill() {
  if (child_.spawned() && !child_.poll()) child_.signal_group(SIGKILL);
}

bool RunnerProcess::ended() {
  return child_.poll().has_value();
}

void RunnerProcess::empty_log() {
  const std::ofstream truncated(log_, std::ios::trunc);
  if (!truncated) log::warn("the runner's log {} can't be written", log_.string());
}

std::optional<std::int64_t> RunnerProcess::memory_bytes() const {
  std::ifstream statm("/proc/" + std::to_string(child_.pid()) + "/statm");
  std::int64_t total_pages = 0;
  std::int64_t resident_pages = 0;
  if (!(statm >> total_pages >> resident_pages)) return std::nullopt;
  return resident_pages * ::sysconf(_SC_PAGESIZE);
}

asio::awaitable<bool> RunnerProcess::say(std::string line) {
  error_code failure;
  co_await asio::async_write(socket_, asio::buffer(line), asio::redirect_error(asio::use_awaitable, failure));
  throw_if_cancelled(failure);
  co_return !failure;
}

asio::awaitable<RunnerExit> RunnerProcess::wait_for_exit() {
  // A process that is ending by itself has its exit status before its socket closes: this kill can't change
  // it.
  kill();
  while (!child_.poll()) {
    // A duplicate, because Asio closes what it owns.
    asio::posix::stream_descriptor exit_of_child(socket_.get_executor(),
                                                 ::fcntl(child_.exit_descriptor(), F_DUPFD_CLOEXEC, 0));
    error_code failure;
    co_await exit_of_child.async_wait(asio::posix::stream_descriptor::wait_read,
                                      asio::redirect_error(asio::use_awaitable, failure));
    throw_if_cancelled(failure);
  }
  co_return RunnerExit{child_.poll()->in_words()};
}

asio::awaitable<RunnerEvent> RunnerProcess::next_event() {
  error_code failure;
  const auto size = co_await asio::async_read_until(socket_, asio::dynamic_buffer(received_, kLongestLine),
                                                    '\n', asio::redirect_error(asio::use_awaitable, failure));
  throw_if_cancelled(failure);
  if (failure) co_return co_await wait_for_exit();
  auto event = parse_runner_line(std::string_view(received_).substr(0, size - 1));
  received_.erase(0, size);
  if (event) co_return std::visit([](auto& said) { return RunnerEvent(std::move(said)); }, *event);
  kill();
  co_await wait_for_exit();
  co_return RunnerExit{"said what can't be understood (" + event.error().message + ") and was killed"};
}

}  // namespace espalier::agent
