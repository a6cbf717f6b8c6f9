#include "common/net/blocking_http.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "common/net/event_stream.hpp"
#include "common/net/task_group.hpp"

namespace espalier::net {
namespace asio = boost::asio;
namespace {

asio::awaitable<void> keep_result(asio::awaitable<Result<HttpReply>> work, Result<HttpReply>* result) {
  *result = co_await std::move(work);
}

struct EventSink {
  EventStreamParser* parser;
  const OnEvent* on_event;
  Result<void> operator()(std::span<const std::byte> bytes) const {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    for (const auto& event : parser->feed(text))
      if (!(*on_event)(event.event, event.data)) return Error{ErrorKind::interrupted, "enough was read", ""};
    return {};
  }
};

}  // namespace

Result<HttpReply> request(const std::string& method, const std::string& url, const std::string& body,
                          std::chrono::milliseconds limit, const HttpAccess& access) {
  asio::io_context io;
  // A step never runs out of time together with the whole: Asio's cancellation of a coroutine that ends at
  // the same moment would reach for what is freed.
  HttpClient client(io.get_executor(), HttpLimits{.connect = 2 * limit, .step = 2 * limit});
  client.set_access(access);
  TaskGroup tasks(io.get_executor());
  Result<HttpReply> result = Error{
      ErrorKind::unavailable, url + " gave no answer within " + std::to_string(limit.count()) + " ms", ""};
  const auto type = body.empty() ? "" : body.starts_with('{') ? "application/json" : "text/plain";
  tasks.spawn("request", keep_result(client.request(method, url, body, type), &result));
  io.run_for(limit);
  tasks.cancel();
  io.restart();
  io.run();
  return result;
}

Result<void> events(const std::string& url, const OnEvent& on_event, std::chrono::milliseconds silence,
                    std::stop_token stop, const HttpAccess& access) {
  asio::io_context io;
  HttpClient client(io.get_executor(), HttpLimits{.connect = silence, .step = silence});
  client.set_access(access);
  TaskGroup tasks(io.get_executor());
  EventStreamParser parser;
  Result<HttpReply> result = Error{ErrorKind::interrupted, "stopped", ""};
  tasks.spawn("event stream", keep_result(client.download(url, EventSink{&parser, &on_event}), &result));
  const std::stop_callback on_stop(stop, [&io, &tasks] { asio::post(io, [&tasks] { tasks.cancel(); }); });
  io.run();
  if (stop.stop_requested()) return {};  // whatever the exchange made of it
  if (!result && result.error().kind == ErrorKind::interrupted) return {};
  if (!result) return result.error();
  if (result->status != 200)
    return Error{ErrorKind::failed, url + " answered with status " + std::to_string(result->status), ""};
  return Error{ErrorKind::unavailable, url + " ended its stream", ""};
}

}  // namespace espalier::net
