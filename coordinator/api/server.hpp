// The coordinator's HTTP server: API, artifacts, live events, the page.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "common/base/result.hpp"
#include "coordinator/api/security.hpp"
#include "coordinator/runtime/coordinator.hpp"

namespace espalier::api {

class Server {
 public:
  // Begins to serve at once. `address` is host:port, port 0 any free one. The coordinator has to outlive
  // `stop`. Errors: `busy` if the port is taken, `usage` if the address is none.
  static Result<std::unique_ptr<Server>> listen(boost::asio::io_context& io,
                                                runtime::Coordinator& coordinator, const std::string& address,
                                                std::filesystem::path web_folder, Security security = {});
  ~Server();

  [[nodiscard]] std::string address() const;  // "http[s]://127.0.0.1:8470", with the real port

  // Accepts no more, ends every session, and returns once they have ended (at most five seconds). Await it
  // before the coordinator stops.
  boost::asio::awaitable<void> stop();

 private:
  struct State;
  explicit Server(std::shared_ptr<State> state);
  // Shared with the coroutines: one that doesn't end in time for `stop` may outlive us.
  std::shared_ptr<State> state_;
};

}  // namespace espalier::api
