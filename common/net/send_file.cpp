#include "common/net/send_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <memory>
#include <vector>

#include "common/net/run_on.hpp"

namespace espalier::net {
namespace asio = boost::asio;
using boost::system::error_code;
namespace {

constexpr std::int64_t kAtOnce = std::int64_t{16} << 20;

struct Sent {
  std::int64_t bytes = 0;
  error_code failure;  // would_block: the socket takes no more for now
};

Sent send_some(int socket, int file, FileRange range) {
  // sendfile has no MSG_NOSIGNAL; a blocked signal for this thread alone stays pending and harms nobody.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  Sent sent;
  while (sent.bytes < range.length && sent.bytes < kAtOnce) {
    off_t from = range.first + sent.bytes;
    const auto count = std::min(range.length, kAtOnce) - sent.bytes;
    const auto moved = ::sendfile(socket, file, &from, static_cast<std::size_t>(count));
    if (moved < 0 && errno == EINTR) continue;
    if (moved < 0) sent.failure = error_code(errno, boost::system::system_category());
    if (moved == 0) sent.failure = asio::error::eof;
    if (moved <= 0) break;
    sent.bytes += moved;
  }
  return sent;
}

struct SendSome {
  int socket;
  int file;
  FileRange range;
  Sent operator()() const { return send_some(socket, file, range); }
};

struct CancelWait {
  asio::ip::tcp::socket* socket;
  std::shared_ptr<bool> waits;  // shared: the timer's handler may run after the wait and the socket are gone
  void operator()(const error_code& cancelled) const {
    if (!cancelled && *waits) socket->cancel();
  }
};

asio::awaitable<error_code> wait_until_writable(asio::ip::tcp::socket* socket,
                                                std::chrono::milliseconds limit) {
  const auto waits = std::make_shared<bool>(true);
  asio::steady_timer deadline(socket->get_executor(), limit);
  deadline.async_wait(CancelWait{socket, waits});
  error_code failure;
  co_await socket->async_wait(asio::ip::tcp::socket::wait_write,
                              asio::redirect_error(asio::use_awaitable, failure));
  *waits = false;
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (failure == asio::error::operation_aborted && cancellation.cancelled() == asio::cancellation_type::none)
    failure = asio::error::timed_out;
  co_return failure;
}

struct ReadSome {
  int file;
  std::int64_t first;
  std::vector<char>* memory;  // of the coroutine that awaits this
  std::int64_t operator()() const {
    for (;;) {
      const auto got = ::pread(file, memory->data(), memory->size(), first);
      if (got >= 0 || errno != EINTR) return got;
    }
  }
};

asio::awaitable<error_code> send_encrypted(Stream* stream, const OpenFile* file, FileRange range,
                                           asio::any_io_executor threads, std::chrono::milliseconds stalled) {
  constexpr std::int64_t kPiece = 256 << 10;
  std::vector<char> memory;
  error_code failure;
  while (!failure && range.length > 0) {
    memory.resize(static_cast<std::size_t>(std::min(kPiece, range.length)));
    ReadSome some{file->descriptor(), range.first, &memory};
    const auto got = co_await run_on(threads, std::move(some));
    if (got <= 0)
      co_return got == 0 ? error_code(asio::error::eof) : error_code(EIO, boost::system::system_category());
    range.first += got;
    range.length -= got;
    stream->expires_after(stalled);
    const auto piece = asio::buffer(memory.data(), static_cast<std::size_t>(got));
    co_await asio::async_write(*stream, piece, asio::redirect_error(asio::use_awaitable, failure));
  }
  co_return failure;
}

}  // namespace

OpenFile::OpenFile(const std::filesystem::path& path)
    : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat facts {};
  if (descriptor_ >= 0 && ::fstat(descriptor_, &facts) == 0 && S_ISREG(facts.st_mode)) size_ = facts.st_size;
}

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

asio::awaitable<error_code> send_file(Stream& stream, const OpenFile& file, FileRange range,
                                      asio::any_io_executor threads, std::chrono::milliseconds stalled) {
  if (stream.is_secure()) co_return co_await send_encrypted(&stream, &file, range, threads, stalled);
  auto& socket = stream.socket();
  stream.expires_never();
  error_code failure;
  socket.native_non_blocking(true, failure);
  while (!failure && range.length > 0) {
    SendSome some{socket.native_handle(), file.descriptor(), range};
    const auto sent = co_await run_on(threads, std::move(some));
    range.first += sent.bytes;
    range.length -= sent.bytes;
    failure = sent.failure;
    if (failure == asio::error::would_block || failure == asio::error::try_again)
      failure = co_await wait_until_writable(&socket, stalled);
  }
  co_return failure;
}

}  // namespace espalier::net
