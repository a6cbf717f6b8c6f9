#include "coordinator/runtime/tokens.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace espalier::runtime {

namespace asio = boost::asio;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

namespace {

constexpr std::chrono::milliseconds kBetweenReadings{200};
constexpr std::chrono::milliseconds kPatience{500};
constexpr std::size_t kMostWaiting = 64;  // whoever guesses must not keep many connections busy

std::vector<store::LivingToken> read_tokens(store::Store& store) {
  return store.living_tokens();
}

}  // namespace

Tokens::Tokens(StoreThread& store, asio::any_io_executor executor) : store_(store), pause_(executor) {}

void Tokens::know(const std::vector<store::LivingToken>& living) {
  by_hash_.clear();
  const auto now = std::chrono::steady_clock::now();
  for (const auto& token : living)
    by_hash_[token.hash] = {token.name, token.role, now + std::chrono::duration_cast<Duration>(token.left)};
}

asio::awaitable<void> Tokens::follow() {
  for (;;) {
    pause_.expires_after(kBetweenReadings);
    co_await pause_.async_wait(asio::use_awaitable);
    try {
      std::function<std::vector<store::LivingToken>(store::Store&)> question = read_tokens;
      const auto living = co_await store_.answer(std::move(question));
      know(living);
    } catch (const boost::system::system_error&) {
      throw;
    } catch (const std::exception&) {
      // While the database is away nothing is added or revoked; what expires does so all the same.
    }
  }
}

std::optional<TokenHolder> Tokens::find(const std::string& hash) const {
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end() || found->second.expires <= std::chrono::steady_clock::now())
    return std::nullopt;
  return found->second;
}

asio::awaitable<std::optional<TokenHolder>> Tokens::find_or_wait(std::string hash) {
  auto found = find(hash);
  if (found || waiting_ >= kMostWaiting) co_return found;
  ++waiting_;
  asio::steady_timer look_again(pause_.get_executor());
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!found && std::chrono::steady_clock::now() < deadline) {
    look_again.expires_after(kBetweenReadings / 4);
    const auto [cancelled] = co_await look_again.async_wait(kTuple);
    if (cancelled) break;
    found = find(hash);
  }
  --waiting_;
  co_return found;
}

}  // namespace espalier::runtime
