#include "coordinator/runtime/worker_keys.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include <fmt/ranges.h>

#include "common/base/log.hpp"
#include "common/net/run_on.hpp"

namespace espalier::runtime {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kBetweenLooks{1};

using Admitted = Result<net::KeyFolder::Admitted>;

struct Read {
  net::KeyFolder folder;
  Admitted operator()() const { return folder.admitted(); }
};

}  // namespace

Result<net::ServerKeys> read_server_keys(const net::KeyFolder& folder) {
  auto own = folder.server();
  if (!own) return own.error();
  auto admitted = folder.admitted();
  if (!admitted) return admitted.error();
  for (const auto& complaint : admitted->complaints) log::warn("{}", complaint);
  return net::ServerKeys{std::move(*own), std::move(admitted->keys)};
}

WorkerKeys::WorkerKeys(net::KeyFolder folder, net::RouterSocket& socket, Driver& driver,
                       asio::any_io_executor executor)
    : folder_(std::move(folder)), socket_(socket), driver_(driver), executor_(std::move(executor)) {}

asio::awaitable<void> WorkerKeys::watch() {
  asio::steady_timer pause(executor_);
  const Read read{folder_};
  for (;;) {
    pause.expires_after(kBetweenLooks);
    co_await pause.async_wait(asio::use_awaitable);
    Admitted admitted = co_await net::run_on(disk_.get_executor(), read);
    if (!admitted) {
      // Who was let in stays: it is more likely that a disk is away than that nobody may come in any more.
      complain(admitted.error().message);
      continue;
    }
    complain(fmt::format("{}", fmt::join(admitted->complaints, "; ")));
    if (admitted->keys != socket_.admitted()) take(std::move(admitted->keys));
  }
}

void WorkerKeys::take(net::AdmittedKeys keys) {
  const auto before = socket_.admitted();
  socket_.admit(std::move(keys));  // first: what a revoked worker has sent isn't heard any more
  for (const auto& [key, name] : before) {
    const auto now = socket_.admitted().find(key);
    if (now != socket_.admitted().end() && now->second == name) continue;
    log::info("worker {} has lost its key", name);
    driver_.happen(core::WorkerRevoked{WorkerName{name}});
  }
  for (const auto& [key, name] : socket_.admitted())
    if (!before.contains(key)) log::info("worker {} may come in with its key", name);
}

void WorkerKeys::complain(const std::string& text) {
  if (text == last_complaint_) return;
  last_complaint_ = text;
  if (!text.empty()) log::warn("{}", text);
}

}  // namespace espalier::runtime
