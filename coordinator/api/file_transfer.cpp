#include "coordinator/api/file_transfer.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "common/net/run_on.hpp"
#include "common/net/send_file.hpp"
#include "coordinator/api/byte_range.hpp"

namespace espalier::api {

namespace asio = boost::asio;

namespace {

using net::OpenFile;

struct Open {
  std::filesystem::path path;
  std::unique_ptr<OpenFile> operator()() const { return std::make_unique<OpenFile>(path); }
};

}  // namespace

asio::awaitable<std::optional<std::int64_t>> send_file(Exchange* exchange, FileToSend file) {
  Open opening{file.path};
  const auto open = co_await net::run_on(exchange->services().files, std::move(opening));
  if (!open->good()) {
    Error missing{ErrorKind::not_found, "there is no such file", ""};
    co_await exchange->send_error(std::move(missing));
    co_return std::nullopt;
  }
  auto made = exchange->response(status::ok);
  made.set(http::field::etag, file.etag);
  made.set(http::field::cache_control, file.cache_control);
  made.set(http::field::accept_ranges, "bytes");
  const auto known = exchange->header(http::field::if_none_match);
  if (known == "*" || known.find(file.etag) != std::string::npos) {
    made.result(status::not_modified);
    co_await exchange->send_header(std::move(made));
    co_return std::nullopt;
  }
  made.set(http::field::content_type, file.content_type);
  const auto if_range = exchange->header(http::field::if_range);
  const bool same = if_range.empty() || if_range == file.etag;
  const auto answer = choose_range(same ? exchange->header(http::field::range) : std::string(), open->size());
  const auto total = std::to_string(open->size());
  if (!answer.satisfiable) {
    made.result(status::range_not_satisfiable);
    made.set(http::field::content_range, "bytes */" + total);
    made.content_length(0);
    co_await exchange->send_header(std::move(made));
    co_return std::nullopt;
  }
  const auto range = answer.range.value_or(ByteRange{0, open->size()});
  if (answer.range) {
    made.result(status::partial_content);
    made.set(http::field::content_range, "bytes " + std::to_string(range.first) + "-" +
                                             std::to_string(range.first + range.length - 1) + "/" + total);
  }
  made.content_length(static_cast<std::uint64_t>(range.length));
  const bool going = co_await exchange->send_header(std::move(made));
  if (!going || exchange->head()) co_return std::nullopt;
  const net::FileRange bytes{range.first, range.length};
  const auto failure =
      co_await net::send_file(exchange->stream(), *open, bytes, exchange->services().files, kIoLimit);
  // Also if it became shorter: the client sees that from the length we announced.
  if (failure) exchange->close_after();
  co_return failure ? std::nullopt : std::optional<std::int64_t>(range.length);
}

}  // namespace espalier::api
