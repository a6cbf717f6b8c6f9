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

// 200, 206, 304, 416, or 404 if the file can't be opened.
boost::asio::awaitable<void> send_file(Exchange* exchange, FileToSend file);

}  // namespace espalier::api
