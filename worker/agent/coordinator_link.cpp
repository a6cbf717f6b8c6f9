#include "worker/agent/coordinator_link.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "common/base/log.hpp"
#include "common/net/router_socket.hpp"
#include "common/wire/codec.hpp"
#include "worker/agent/complaints.hpp"

namespace espalier::agent {
namespace asio = boost::asio;
namespace {

constexpr Duration kLongestSleep = std::chrono::seconds(5);
constexpr std::size_t kMostPoints =
    100'000;  // some 10 MB; no training makes as many while a database is busy

std::size_t points_in(const Event& event) {
  const auto* progressed = std::get_if<AttemptProgressed>(&event);
  return progressed == nullptr ? 0 : progressed->progress.points.size();
}

MonotonicTime clock_now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

Result<std::unique_ptr<CoordinatorLink>> CoordinatorLink::open(asio::any_io_executor owner,
                                                               const std::string& endpoints,
                                                               const std::optional<net::WorkerKey>& key,
                                                               Act act, KillSwitch& kill_switch) {
  std::unique_ptr<CoordinatorLink> link(new CoordinatorLink(std::move(owner), std::move(act), kill_switch));
  for (std::size_t from = 0; from <= endpoints.size();) {
    const auto end = std::min(endpoints.find(',', from), endpoints.size());
    const auto endpoint = endpoints.substr(from, end - from);
    // Shared: a function has to be copyable.
    auto complaints = std::make_shared<Complaints>(endpoint, key.has_value());
    auto socket = net::DealerSocket::connect(link->io_, endpoint, key, [complaints](net::NotLetIn why) {
      if (const auto text = complaints->about(why, clock_now())) log::warn("{}", *text);
    });
    if (!socket) return socket.error();
    link->sockets_.push_back(std::move(*socket));
    from = end + 1;
  }
  link->thread_ = std::thread([raw = link.get()] { raw->work(); });
  return link;
}

CoordinatorLink::CoordinatorLink(asio::any_io_executor owner, Act act, KillSwitch& kill_switch)
    : owner_(std::move(owner)),
      act_(std::move(act)),
      kill_switch_(kill_switch),
      ended_signal_(owner_, asio::steady_timer::time_point::max()),
      keep_running_(io_.get_executor()),
      pulse_timer_(io_),
      tasks_(io_.get_executor()) {}

CoordinatorLink::~CoordinatorLink() {
  if (!thread_.joinable()) return;
  io_.stop();
  thread_.join();
}

void CoordinatorLink::work() {
  try {
    io_.run();
  } catch (const std::exception& defect) {
    Action end = EndAgent{{ErrorKind::internal, std::string("the link ended: ") + defect.what(), ""}};
    asio::post(owner_, [this, end] { act_(end); });
  }
  asio::post(owner_, [this] {
    has_ended_ = true;
    ended_signal_.cancel();
  });
}

void CoordinatorLink::begin(Identity identity) {
  asio::post(io_, [this, self = std::move(identity)]() mutable {
    core_.emplace(std::move(self), clock_now());
    for (const auto& socket : sockets_) tasks_.spawn("receiving", receive(socket.get()));
    tasks_.spawn("pulse", pulse());
  });
}

void CoordinatorLink::happen(Event event) {
  told_points_ += points_in(event);
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  if (events_.size() == 1) asio::post(io_, [this] { take_events(); });
}

void CoordinatorLink::leave() {
  asio::post(io_, [this] { close(); });
}

asio::awaitable<void> CoordinatorLink::ended() {
  while (!has_ended_) {
    boost::system::error_code woken;
    co_await ended_signal_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

void CoordinatorLink::close() {
  take_events();
  if (core_) feed(Leave{});
  for (const auto& socket : sockets_) socket->close();
  tasks_.cancel();
  keep_running_.reset();
}

void CoordinatorLink::take_events() {
  std::vector<Event> events;
  {
    const std::lock_guard lock(mutex_);
    events.swap(events_);
  }
  if (!core_ || events.empty()) return;
  for (auto& event : events) feed(std::move(event));
  speak();
}

asio::awaitable<void> CoordinatorLink::receive(net::DealerSocket* socket) {
  while (true) {
    const auto frame = co_await socket->receive();
    auto messages = wire::decode_all_to_worker(frame);
    if (!messages) {
      log::warn("from the coordinator: {}", messages.error().message);
      continue;
    }
    for (auto& message : *messages) feed(Heard{std::move(message)});
    speak();
  }
}

asio::awaitable<void> CoordinatorLink::pulse() {
  speak();
  while (true) {
    pulse_timer_.expires_at(std::min(core_->next_deadline(), clock_now() + kLongestSleep));
    boost::system::error_code woken;
    co_await pulse_timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (!woken) speak();
  }
}

void CoordinatorLink::speak() {
  if (core_->next_deadline() <= clock_now()) feed(Tick{});
  if (core_->next_deadline() < pulse_timer_.expiry()) pulse_timer_.cancel();  // `pulse` waits anew
}

bool CoordinatorLink::takes_points() const {
  return told_points_ - settled_points_ < kMostPoints;
}

void CoordinatorLink::feed(Event event) {
  taken_points_ += points_in(event);
  auto actions = core_->step(clock_now(), std::move(event));
  settled_points_ = taken_points_ - core_->unacknowledged_points();
  for (auto& action : actions) {
    if (const auto* say = std::get_if<Say>(&action)) {
      send(say->messages);
      continue;
    }
    std::optional<std::int64_t> to_kill;
    if (const auto* stop = std::get_if<StopAttempt>(&action)) to_kill = stop->attempt;
    asio::post(owner_, [this, next = std::move(action)]() mutable { act_(std::move(next)); });
    // After the post: the owner hears that it is to stop the runner before it sees the runner's end.
    if (to_kill) kill_switch_.pull(*to_kill);
  }
}

void CoordinatorLink::send(const std::vector<wire::ToCoordinator>& messages) {
  auto frame = wire::encode_all(messages);
  if (frame.size() > net::kLargestMessage && messages.size() > 1) {
    const auto middle = messages.begin() + static_cast<std::ptrdiff_t>(messages.size() / 2);
    send({messages.begin(), middle});
    return send({middle, messages.end()});
  }
  if (frame.size() > net::kLargestMessage)
    log::error("a report of {} bytes is too large to be sent", frame.size());
  bool sent = false;
  for (const auto& socket : sockets_) sent = socket->send(frame) || sent;
  const bool asks = std::holds_alternative<wire::Hello>(messages.front()) ||
                    std::holds_alternative<wire::Heartbeat>(messages.front());
  if (!sent && asks) feed(NotSent{});
}

}  // namespace espalier::agent
