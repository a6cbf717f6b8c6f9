#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "coordinator/api/routes.hpp"

namespace espalier::api {

namespace asio = boost::asio;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

namespace {

constexpr std::size_t kMostBytes = 16 * 1024 * 1024;
constexpr std::chrono::seconds kPing{15};
constexpr std::chrono::milliseconds kBetweenLooks{500};  // at whether the token is still valid

// What one client has yet to be sent. A client that lets it fill up is disconnected; it reconnects by itself
// and begins with the state as it is.
class EventQueue {
 public:
  explicit EventQueue(const asio::any_io_executor& loop) : wake_(loop) {}

  void push(const std::string& event, const std::string& data) {
    if (full_) return;
    if (text_.size() + event.size() + data.size() > kMostBytes) {
      full_ = true;
      text_.clear();
    } else {
      text_ += "event: " + event + "\n";
      for (std::size_t start = 0; start <= data.size();) {
        const auto end = std::min(data.find('\n', start), data.size());
        text_.append("data: ").append(data, start, end - start).append("\n");
        start = end + 1;
      }
      text_ += "\n";
    }
    wake_.cancel();
  }
  [[nodiscard]] bool full() const { return full_; }
  std::string take() { return std::exchange(text_, {}); }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  asio::steady_timer& wake() { return wake_; }

 private:
  std::string text_;
  bool full_ = false;
  asio::steady_timer wake_;
};

asio::awaitable<void> send_events(Exchange* exchange, EventQueue* queue) {
  for (;;) {
    if (queue->full()) co_return;
    if (queue->empty()) {
      queue->wake().expires_after(kPing);
      co_await queue->wake().async_wait(kTuple);
      if (queue->full()) co_return;
    }
    const auto text = queue->empty() ? std::string(": ping\n\n") : queue->take();
    const bool written = co_await exchange->write(asio::buffer(text));
    if (!written) co_return;
  }
}

// Returns once the client has gone. It has nothing to say; reading shows its end. The socket itself is read,
// since the stream's time limit is for the writes. With TLS whatever comes is the end.
asio::awaitable<void> until_gone(Exchange* exchange) {
  auto& socket = exchange->stream().socket();
  char ignored[256];
  for (;;) {
    const auto [ended] = co_await socket.async_wait(asio::ip::tcp::socket::wait_read, kTuple);
    if (ended || exchange->stream().is_secure()) co_return;
    const auto [failure, bytes] = co_await socket.async_read_some(asio::buffer(ignored), kTuple);
    if (failure) co_return;
  }
}

// Returns once the token has expired, or was revoked.
asio::awaitable<void> until_invalid(Exchange* exchange) {
  asio::steady_timer pause(exchange->stream().get_executor());
  const bool may_end = exchange->services().security.demands_tokens;
  while (exchange->is_still_valid()) {
    pause.expires_after(may_end ? kBetweenLooks : std::chrono::hours(1));
    const auto [cancelled] = co_await pause.async_wait(kTuple);
    if (cancelled) co_return;
  }
}

}  // namespace

asio::awaitable<void> get_events(Exchange* exchange) {
  using namespace asio::experimental::awaitable_operators;
  auto header = exchange->response(status::ok);
  header.set(http::field::content_type, "text/event-stream; charset=utf-8");
  exchange->close_after();  // the stream ends with the connection
  const bool open = co_await exchange->send_header(std::move(header));
  if (!open || exchange->head()) co_return;

  // Shared with the listener: the coordinator may hold that a little longer than we hold the token.
  const auto queue = std::make_shared<EventQueue>(exchange->stream().get_executor());
  const auto subscription = exchange->services().coordinator.subscribe(
      [queue](const std::string& event, const std::string& data) { queue->push(event, data); });
  co_await (send_events(exchange, queue.get()) || until_gone(exchange) || until_invalid(exchange));
}

}  // namespace espalier::api
