#include <charconv>

#include "coordinator/api/job_answers.hpp"
#include "coordinator/api/routes.hpp"

namespace espalier::api {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kLongestDevice = 4096;

std::optional<std::int64_t> positive(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (wrong != std::errc{} || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}

// "1,32"; nothing is no number, which is possible.
std::optional<std::vector<std::int64_t>> numbers_in(std::string_view text) {
  std::vector<std::int64_t> numbers;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const auto number = positive(text.substr(0, end));
    if (!number) return std::nullopt;
    numbers.push_back(*number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return numbers;
}

Result<job::ComparisonWish> wish_of(const Exchange& exchange) {
  const auto trial = positive(exchange.parameter("trial"));
  const auto against = positive(exchange.parameter("against"));
  const auto batch_sizes = numbers_in(exchange.parameter("batch_sizes"));
  const auto threads = numbers_in(exchange.parameter("threads"));
  if (!trial || !against)
    return Error{ErrorKind::usage, "trial and against have to be numbers of trials",
                 "the page, the table of `espalier run` and v1.trials have their numbers"};
  if (!batch_sizes || !threads)
    return Error{ErrorKind::usage, "batch_sizes and threads have to be whole numbers above 0",
                 "with commas between: batch_sizes=1,32"};
  auto device = exchange.parameter("device");
  if (device.size() > kLongestDevice) return Error{ErrorKind::usage, "device is too long", ""};
  return job::ComparisonWish{TrialId{*trial}, TrialId{*against}, std::move(device), *batch_sizes, *threads};
}

}  // namespace

asio::awaitable<void> post_comparison(Exchange* exchange) {
  // Nothing is said in the body, but it has to be out of the way of the next request.
  if (exchange->body_left()) {
    const auto unread = co_await exchange->read_text(kJobTextLimit);
    if (!unread) co_return;
  }
  auto wish = wish_of(*exchange);
  if (!wish) {
    co_await exchange->send_error(wish.error());
    co_return;
  }
  runtime::ComparisonOptions options;
  options.again = exchange->parameter("again") == "1";
  options.replace = exchange->parameter("replace") == "1";
  options.user = exchange->identity().name.empty() ? exchange->parameter("user") : exchange->identity().name;
  auto submitted = co_await exchange->services().coordinator.compare(std::move(*wish), std::move(options));
  co_await send_submitted(exchange, std::move(submitted));
}

asio::awaitable<void> get_comparisons(Exchange* exchange) {
  const auto job = co_await job_of_route(exchange);
  if (!job) co_return;
  auto found = co_await exchange->services().coordinator.comparisons(*job);
  if (found.has_error()) {
    co_await exchange->send_error(found.error());
  } else {
    co_await exchange->send_json(status::ok, std::move(*found));
  }
}

}  // namespace espalier::api
