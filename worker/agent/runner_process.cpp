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
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include "common/base/log.hpp"
#include "worker/agent/limits.hpp"
#include "worker/agent/runner_environment.hpp"

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
                                                            RunnerPlace place) {
  if (auto made = place.home.make_empty(); !made) return made.error();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return Error{ErrorKind::internal, std::string("no socket for a runner: ") + std::strerror(errno), ""};
  std::unique_ptr<RunnerProcess> runner(new RunnerProcess(io, std::move(place)));
  runner->socket_.assign(asio::local::stream_protocol(), ends[0]);
  runner->empty_log();
  ChildOptions options;
  options.arguments = std::move(command);
  options.arguments.insert(options.arguments.end(), {"--fence", to_text(runner->place_.fence)});
  options.inherits = is_for_runners;
  // Two OpenMP threads that spin beside a busy neighbour are far slower than one.
  options.environment = {{"OMP_WAIT_POLICY", "passive"}};
  options.error_file = runner->place_.home.log();
  options.inherited_descriptor = ends[1];
  options.own_group = true;
  options.signal_on_parent_death = SIGKILL;
  auto child = ChildProcess::spawn(options);
  ::close(ends[1]);
  if (!child) return child.error();
  runner->child_ = std::move(*child);
  // In time: until its first task it executes nothing of anybody's.
  if (auto& group = runner->place_.group)
    if (auto added = group->add(runner->child_.pid()); !added) log::warn("{}", added.error().message);
  run_on(runner->child_.pid(), runner->place_.processors);
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
  const auto file = home().log();
  const std::ofstream truncated(file, std::ios::trunc);
  if (!truncated) log::warn("the runner's log {} can't be written", file.string());
}

std::optional<std::int64_t> RunnerProcess::memory_bytes() const {
  std::ifstream statm("/proc/" + std::to_string(child_.pid()) + "/statm");
  std::int64_t total_pages = 0;
  std::int64_t resident_pages = 0;
  if (!(statm >> total_pages >> resident_pages)) return std::nullopt;
  return resident_pages * ::sysconf(_SC_PAGESIZE);
}

std::optional<std::int64_t> RunnerProcess::threads() const {
  std::ifstream status("/proc/" + std::to_string(child_.pid()) + "/status");
  constexpr std::string_view kKey = "Threads:";
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(kKey)) return std::strtoll(line.c_str() + kKey.size(), nullptr, 10);
  return std::nullopt;
}

void RunnerProcess::prepare(std::int64_t memory_bytes, bool all_processors) {
  if (!place_.processors.empty()) run_on(child_.pid(), all_processors ? own_processors() : place_.processors);
  if (!place_.group) return;
  kills_before_ = place_.group->out_of_memory_kills();
  if (auto limited = place_.group->limit({memory_bytes, most_threads()}); !limited)
    log::warn("{}", limited.error().message);
}

bool RunnerProcess::killed_for_memory() const {
  return place_.group && place_.group->out_of_memory_kills() > kills_before_;
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
