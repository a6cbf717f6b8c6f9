#include "common/net/zmq_channel.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/net/router_socket.hpp"

namespace espalier::net {
namespace asio = boost::asio;
namespace {

constexpr int kQueuedMessages = 100'000;
constexpr int kReconnectFirstMs = 100;
constexpr int kReconnectMostMs = 500;  // who takes over has to be found within a lease
// A cable that was pulled is noticed by ZeroMQ itself, so that a half-open connection is replaced.
constexpr int kPingMs = 5'000;
constexpr int kPingTimeoutMs = 15'000;
constexpr int kReceivedBeforeOthersRun = 64;

[[noreturn]] void throw_aborted() {
  throw boost::system::system_error(asio::error::make_error_code(asio::error::operation_aborted));
}

Error endpoint_error(const std::string& endpoint, const char* verb) {
  const int reason = zmq_errno();
  if (reason == EADDRINUSE)
    return {ErrorKind::busy, "the address " + endpoint + " is in use by another program",
            "choose another port, or stop the other program"};
  const bool malformed = reason == EINVAL || reason == EPROTONOSUPPORT || reason == ENODEV;
  return {malformed ? ErrorKind::usage : ErrorKind::unavailable,
          "can't " + std::string(verb) + " " + endpoint + ": " + zmq_strerror(reason),
          malformed ? "an endpoint looks like tcp://127.0.0.1:8471" : ""};
}

struct Part {
  zmq_msg_t raw{};
  Part() { zmq_msg_init(&raw); }
  ~Part() { zmq_msg_close(&raw); }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;
  [[nodiscard]] std::string text() {
    return {static_cast<const char*>(zmq_msg_data(&raw)), zmq_msg_size(&raw)};
  }
};

// As ZeroMQ's own thread has noted it: see tests/sanitizers/tsan.supp.
std::string sender_noted_by_zmq(zmq_msg_t& message) {
  const char* user = zmq_msg_gets(&message, "User-Id");
  return user != nullptr ? user : "";
}

}  // namespace

ZmqChannel::ZmqChannel(asio::io_context& io, std::shared_ptr<ZmqContext> context, int type, int linger_ms)
    : context_(std::move(context)), socket_(zmq_socket(context_->raw(), type)), descriptor_(io) {
  ESPALIER_ASSERT(socket_ != nullptr);
  set(ZMQ_LINGER, linger_ms);
  // ZeroMQ's own thread writes to a PAIR and would wait where there is a bound; we always read it to its end.
  const int most_queued = type == ZMQ_PAIR ? 0 : kQueuedMessages;
  set(ZMQ_SNDHWM, most_queued);
  set(ZMQ_RCVHWM, most_queued);
  set(ZMQ_RECONNECT_IVL, kReconnectFirstMs);
  set(ZMQ_RECONNECT_IVL_MAX, kReconnectMostMs);
  set(ZMQ_HEARTBEAT_IVL, kPingMs);
  set(ZMQ_HEARTBEAT_TIMEOUT, kPingTimeoutMs);
  if (type == ZMQ_ROUTER) set(ZMQ_ROUTER_MANDATORY, 1);
  if (type == ZMQ_DEALER) set(ZMQ_IMMEDIATE, 1);
  const auto largest = static_cast<std::int64_t>(kLargestReceived);
  ESPALIER_ASSERT(zmq_setsockopt(socket_, ZMQ_MAXMSGSIZE, &largest, sizeof largest) == 0);
  int descriptor = -1;
  std::size_t size = sizeof descriptor;
  ESPALIER_ASSERT(zmq_getsockopt(socket_, ZMQ_FD, &descriptor, &size) == 0);
  descriptor_.assign(descriptor);
}

ZmqChannel::~ZmqChannel() {
  close();
}

void ZmqChannel::set(int option, int value) {
  ESPALIER_ASSERT(zmq_setsockopt(socket_, option, &value, sizeof value) == 0);
}

void ZmqChannel::set(int option, const std::string& value) {
  ESPALIER_ASSERT(zmq_setsockopt(socket_, option, value.data(), value.size()) == 0);
}

std::string ZmqChannel::monitor(int events) {
  const std::string address = "inproc://events";  // of the context's one socket that is monitored
  ESPALIER_ASSERT(zmq_socket_monitor(socket_, address.c_str(), events) == 0);
  return address;
}

std::optional<std::pair<int, std::uint32_t>> ZmqChannel::event_of(const Message& message) {
  std::uint16_t event = 0;
  std::uint32_t value = 0;
  const auto& told = message.parts.front();  // see zmq_socket_monitor(3)
  if (told.size() != sizeof event + sizeof value) return std::nullopt;
  std::memcpy(&event, told.data(), sizeof event);
  std::memcpy(&value, told.data() + sizeof event, sizeof value);
  return std::pair(int{event}, value);
}

Result<void> ZmqChannel::bind(const std::string& endpoint) {
  if (zmq_bind(socket_, endpoint.c_str()) != 0) return endpoint_error(endpoint, "listen on");
  return {};
}

Result<void> ZmqChannel::connect(const std::string& endpoint) {
  if (zmq_connect(socket_, endpoint.c_str()) != 0) return endpoint_error(endpoint, "connect to");
  return {};
}

Result<void> ZmqChannel::connect_again(const std::string& endpoint) {
  if (socket_ == nullptr) return {};
  zmq_disconnect(socket_, endpoint.c_str());  // it would take a second connect for the first one
  return connect(endpoint);
}

std::string ZmqChannel::last_endpoint() const {
  std::string text(256, '\0');
  std::size_t size = text.size();
  if (socket_ == nullptr || zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, text.data(), &size) != 0) return {};
  text.resize(size > 0 ? size - 1 : 0);
  return text;
}

bool ZmqChannel::readable() {
  int events = 0;
  std::size_t size = sizeof events;
  return zmq_getsockopt(socket_, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN) != 0;
}

bool ZmqChannel::try_receive(Message& message) {
  message = {};
  if (socket_ == nullptr) return false;
  for (bool more = true; more;) {
    Part part;
    if (zmq_msg_recv(&part.raw, socket_, ZMQ_DONTWAIT) < 0) return false;
    message.parts.push_back(part.text());
    more = zmq_msg_more(&part.raw) != 0;
    if (more) continue;
    message.user = sender_noted_by_zmq(part.raw);
    message.descriptor = zmq_msg_get(&part.raw, ZMQ_SRCFD);
  }
  return true;
}

asio::awaitable<ZmqChannel::Message> ZmqChannel::receive(std::shared_ptr<ZmqChannel> channel) {
  Message message;
  while (true) {
    if (channel->socket_ != nullptr && ++channel->received_in_a_row_ > kReceivedBeforeOthersRun) {
      channel->received_in_a_row_ = 0;
      co_await asio::post(asio::use_awaitable);
    }
    if (channel->socket_ == nullptr) throw_aborted();
    if (channel->try_receive(message)) co_return message;
    // The descriptor signals edges only: reading the events re-arms it, and what came meanwhile shows here.
    if (channel->readable()) continue;
    channel->receiver_waits_ = true;
    co_await channel->descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                                             asio::as_tuple(asio::use_awaitable));
    channel->receiver_waits_ = false;
    channel->received_in_a_row_ = 0;
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) throw_aborted();
  }
}

void ZmqChannel::wake_receiver() {
  if (receiver_waits_) descriptor_.cancel();
}

bool ZmqChannel::send(std::initializer_list<std::string_view> parts) {
  if (socket_ == nullptr) return false;
  for (const auto part : parts)
    if (part.size() > kLargestMessage) return false;
  bool sent = true;
  for (const auto* part = parts.begin(); sent && part != parts.end(); ++part) {
    const int more = part + 1 != parts.end() ? ZMQ_SNDMORE : 0;
    sent = zmq_send(socket_, part->data(), part->size(), ZMQ_DONTWAIT | more) >= 0;
  }
  // A send handles commands of incoming messages too and so consumes their edge: the receiver would sleep on.
  if (readable()) wake_receiver();
  return sent;
}

void ZmqChannel::close() {
  if (socket_ == nullptr) return;
  descriptor_.cancel();
  descriptor_.release();  // the descriptor is ZeroMQ's
  zmq_close(std::exchange(socket_, nullptr));
  context_.reset();
}

}  // namespace espalier::net
