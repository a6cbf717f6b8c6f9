// Sends a file of ours: whole, a range of it, or word that the client has it already.
#pragma once

#include <filesystem>
#include <string>

#include "coordinator/api/exchange.hpp"

namespace espalier::api {

struct FileToSend {
  std::filesystem::path path;
  std::string content_type;
  std::string etag;  // with its quotes
  std::string cache_control;
};

// 200, 206, 304, 416, or 404 if the file can't be opened. The bytes that were sent, if the answer was meant
// to have any and the peer got them all.
boost::asio::awaitable<std::optional<std::int64_t>> send_file(Exchange* exchange, FileToSend file);

}  // namespace espalier::api
