#include "common/net/zmq_channel.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
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

struct Message {
  zmq_msg_t raw{};
  Message() { zmq_msg_init(&raw); }
  ~Message() { zmq_msg_close(&raw); }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  [[nodiscard]] std::string text() {
    return {static_cast<const char*>(zmq_msg_data(&raw)), zmq_msg_size(&raw)};
  }
};

}  // namespace

ZmqChannel::ZmqChannel(asio::io_context& io, int type, int linger_ms)
    : context_(zmq_ctx_new()), socket_(zmq_socket(context_, type)), descriptor_(io) {
  ESPALIER_ASSERT(socket_ != nullptr);
  set(ZMQ_LINGER, linger_ms);
  set(ZMQ_SNDHWM, kQueuedMessages);
  set(ZMQ_RCVHWM, kQueuedMessages);
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

Result<void> ZmqChannel::bind(const std::string& endpoint) {
  if (zmq_bind(socket_, endpoint.c_str()) != 0) return endpoint_error(endpoint, "listen on");
  return {};
}

Result<void> ZmqChannel::connect(const std::string& endpoint) {
  if (zmq_connect(socket_, endpoint.c_str()) != 0) return endpoint_error(endpoint, "connect to");
  return {};
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

bool ZmqChannel::try_receive(Frames& frames) {
  frames.clear();
  bool more = true;
  while (more) {
    Message message;
    if (zmq_msg_recv(&message.raw, socket_, ZMQ_DONTWAIT) < 0) return false;
    frames.push_back(message.text());
    more = zmq_msg_more(&message.raw) != 0;
  }
  return true;
}

asio::awaitable<ZmqChannel::Frames> ZmqChannel::receive(std::shared_ptr<ZmqChannel> channel) {
  Frames frames;
  while (true) {
    if (channel->socket_ != nullptr && ++channel->received_in_a_row_ > kReceivedBeforeOthersRun) {
      channel->received_in_a_row_ = 0;
      co_await asio::post(asio::use_awaitable);
    }
    if (channel->socket_ == nullptr) throw_aborted();
    if (channel->try_receive(frames)) co_return frames;
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

bool ZmqChannel::send(std::string_view first, const std::string_view* second) {
  if (socket_ == nullptr) return false;
  if (first.size() > kLargestMessage || (second != nullptr && second->size() > kLargestMessage)) return false;
  const int more = second != nullptr ? ZMQ_SNDMORE : 0;
  bool sent = zmq_send(socket_, first.data(), first.size(), ZMQ_DONTWAIT | more) >= 0;
  if (sent && second != nullptr) sent = zmq_send(socket_, second->data(), second->size(), ZMQ_DONTWAIT) >= 0;
  // A send handles commands of incoming messages too and so consumes their edge: the receiver would sleep on.
  if (readable()) wake_receiver();
  return sent;
}

void ZmqChannel::close() {
  if (socket_ == nullptr) return;
  descriptor_.cancel();
  descriptor_.release();  // the descriptor is ZeroMQ's
  zmq_close(std::exchange(socket_, nullptr));
  zmq_ctx_term(std::exchange(context_, nullptr));
}

}  // namespace espalier::net
