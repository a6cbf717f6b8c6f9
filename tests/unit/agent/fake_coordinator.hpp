// A coordinator for the agent's tests: answers as the real one would, unless it is told to keep silent.
#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/base/hash.hpp"
#include "common/net/router_socket.hpp"
#include "common/net/task_group.hpp"
#include "common/wire/codec.hpp"
#include "tests/unit/wire/tiny_http_server.hpp"

namespace espalier::testing {

class FakeCoordinator {
 public:
  explicit FakeCoordinator(boost::asio::io_context& io)
      : io_(io),
        http_(io, [this](const TinyHttpServer::Request& r) { return store_answer(r); }),
        tasks_(io.get_executor()) {
    listen("tcp://127.0.0.1:0");
  }

  // What the tests turn and look at.
  std::int64_t epoch = 1;
  std::int64_t lease_ms = 60'000;
  bool answers = true;  // Hello and heartbeats
  bool acknowledges = true;
  std::string rejection;  // if set, Hello is answered by Rejected
  std::map<std::string, std::string> artifacts;
  int stored = 0;    // PUT requests
  int refusals = 0;  // so many requests for artifacts fail, as if somebody else had to start first
  std::vector<wire::Hello> hellos;
  std::vector<wire::Heartbeat> heartbeats;
  std::vector<wire::Progress> progress;
  std::map<std::int64_t, std::string> logs;
  std::vector<wire::Finished> finished;
  int goodbyes = 0;
  std::vector<std::size_t> frames;  // how many messages came in each

  [[nodiscard]] std::string endpoint() const { return endpoint_; }
  std::string add_artifact(const std::string& bytes) {
    artifacts[sha256_hex(bytes)] = bytes;
    return sha256_hex(bytes);
  }
  void say(const wire::ToWorker& message) { router_->send(peer_, wire::encode(message)); }
  void assign(std::int64_t attempt, const std::string& stage, std::vector<wire::Input> inputs = {},
              double timeout_s = 0, std::int64_t memory_bytes = 0) {
    say(wire::Assign{epoch, attempt, "key", {{"stage", stage}}, std::move(inputs), timeout_s, memory_bytes});
  }
  [[nodiscard]] std::size_t times_finished(std::int64_t attempt) const {
    std::size_t count = 0;
    for (const auto& message : finished) count += message.attempt == attempt ? 1 : 0;
    return count;
  }
  [[nodiscard]] std::set<std::int64_t> points_of(std::int64_t attempt) const {
    std::set<std::int64_t> steps;
    for (const auto& message : progress)
      if (message.attempt == attempt)
        for (const auto& point : message.points) steps.insert(static_cast<std::int64_t>(point.step));
    return steps;
  }

  // Dies and comes back at the same address, in its next epoch, knowing nobody.
  void die() { router_->close(); }
  bool come_back() {
    auto again = net::RouterSocket::bind(io_, endpoint_);
    if (!again) return false;
    router_ = std::move(*again);
    ++epoch;
    peer_.clear();
    tasks_.spawn("coordinator", receive());
    return true;
  }
  void stop() {
    tasks_.cancel();
    http_.stop();
  }
  [[nodiscard]] bool stopped() const { return tasks_.empty() && http_.stopped(); }

 private:
  void listen(const std::string& endpoint) {
    router_ = net::RouterSocket::bind(io_, endpoint).value();
    endpoint_ = router_->endpoint();
    tasks_.spawn("coordinator", receive());
  }

  boost::asio::awaitable<void> receive() {
    while (true) {
      const auto incoming = co_await router_->receive();
      const auto messages = wire::decode_all_to_coordinator(incoming.bytes);
      if (!messages) continue;
      frames.push_back(messages->size());
      for (const auto& message : *messages) hear(incoming.peer, message);
    }
  }

  void hear(const std::string& peer, const wire::ToCoordinator& message) {
    if (peer_ != peer && !std::holds_alternative<wire::Hello>(message)) {
      if (answers) router_->send(peer, wire::encode(wire::ToWorker(wire::WhoAreYou{})));
      return;
    }
    if (answers) peer_ = peer;
    std::visit([this](const auto& said) { take(said); }, message);
  }

  void take(const wire::Hello& message) {
    hellos.push_back(message);
    if (!answers) return;
    if (!rejection.empty()) return say(wire::Rejected{rejection});
    say(wire::Welcome{epoch, 50, lease_ms, http_.address(), message.beat});
  }
  void take(const wire::Heartbeat& message) {
    heartbeats.push_back(message);
    if (answers) say(wire::Beat{epoch, message.beat});
  }
  void take(const wire::Progress& message) {
    progress.push_back(message);
    if (acknowledges) say(wire::Acknowledge{message.attempt, message.seq});
  }
  void take(const wire::LogText& message) {
    auto& text = logs[message.attempt];
    if (message.offset == static_cast<std::int64_t>(text.size())) text += message.text;
    if (acknowledges) say(wire::Acknowledge{message.attempt, message.seq});
  }
  void take(const wire::Finished& message) {
    finished.push_back(message);
    if (acknowledges) say(wire::Acknowledge{message.attempt, message.seq});
  }
  void take(const wire::Goodbye&) { ++goodbyes; }

  TinyHttpServer::Reply store_answer(const TinyHttpServer::Request& request) {
    TinyHttpServer::Reply reply;
    if (refusals > 0) {
      --refusals;
      reply.result(http::status::service_unavailable);
      return reply;
    }
    const auto hash = std::string(request.target().substr(request.target().rfind('/') + 1));
    if (request.method() == http::verb::put) {
      ++stored;
      const bool right = sha256_hex(request.body()) == hash;
      if (right) artifacts[hash] = request.body();
      reply.result(right ? http::status::created : http::status::bad_request);
      return reply;
    }
    const auto found = artifacts.find(hash);
    reply.result(found == artifacts.end() ? http::status::not_found : http::status::ok);
    if (found != artifacts.end()) reply.body() = found->second;
    return reply;
  }

  boost::asio::io_context& io_;
  std::unique_ptr<net::RouterSocket> router_;
  std::string endpoint_;
  std::string peer_;
  TinyHttpServer http_;
  net::TaskGroup tasks_;
};

}  // namespace espalier::testing
