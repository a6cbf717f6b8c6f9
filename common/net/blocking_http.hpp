// HTTP for programs that have nothing else to do meanwhile: the command line.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/net/http_client.hpp"

namespace espalier::net {

// `method` is GET, HEAD, PUT, POST or DELETE; a body is sent as application/json if it starts with '{', else
// as text/plain. The limit is for the whole exchange. A reply with any status is no error.
Result<HttpReply> request(const std::string& method, const std::string& url, const std::string& body,
                          std::chrono::milliseconds limit, const HttpAccess& access = {});

// Reads server-sent events and calls back for each until `on_event` returns false or a stop is requested
// (success both times), the server ends the stream or nothing at all comes for `silence`
// (ErrorKind::unavailable), or the status isn't 200 (ErrorKind::failed). `stop` may be requested from another
// thread or a signal-handling one.
using OnEvent = std::function<bool(std::string_view event, std::string_view data)>;
Result<void> events(const std::string& url, const OnEvent& on_event, std::chrono::milliseconds silence,
                    std::stop_token stop = {}, const HttpAccess& access = {});

}  // namespace espalier::net
