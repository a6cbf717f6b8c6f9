#include "common/net/write_behind.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace espalier::net {
namespace asio = boost::asio;
namespace {

constexpr std::size_t kMostOnTheirWay = 3;

struct Filled {
  Block bytes;
  std::size_t size = 0;
  std::size_t consumers_left = 0;
};

}  // namespace

struct WriteBehind::Lane {
  asio::strand<asio::any_io_executor> thread;
  Consumer consume;
  bool failed = false;  // belongs to the strand
};

// What the loop may be left with when the threads are gone: it holds nothing of theirs.
struct WriteBehind::State {
  explicit State(asio::any_io_executor on)
      : loop(std::move(on)), progress(loop, asio::steady_timer::time_point::max()) {}

  // On the loop: a consumer is done with the block.
  void done(const std::shared_ptr<Filled>& block, Result<void> consumed) {
    if (!consumed && outcome) outcome = std::move(consumed);
    if (--block->consumers_left == 0) {
      --on_their_way;
      spare.push_back(std::move(block->bytes));
    }
    progress.cancel();
  }

  asio::any_io_executor loop;
  asio::steady_timer progress;  // never expires; cancelled when a block is done
  std::vector<Block> spare;
  std::size_t on_their_way = 0;
  Result<void> outcome;
};

WriteBehind::WriteBehind(asio::any_io_executor loop, asio::any_io_executor threads,
                         std::vector<Consumer> consumers)
    : state_(std::make_shared<State>(std::move(loop))) {
  for (auto& consumer : consumers)
    lanes_.push_back(std::make_shared<Lane>(Lane{asio::make_strand(threads), std::move(consumer)}));
}

asio::awaitable<void> WriteBehind::wait_until_at_most(std::size_t blocks) {
  while (state_->on_their_way > blocks) {
    boost::system::error_code woken;
    co_await state_->progress.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) throw boost::system::system_error(woken);
  }
}

asio::awaitable<Result<void>> WriteBehind::put(Block* block, std::size_t bytes) {
  co_await wait_until_at_most(kMostOnTheirWay - 1);
  if (!state_->outcome) co_return state_->outcome;
  auto filled = std::make_shared<Filled>();  // shared by the consumers' threads
  const auto size = block->size();
  filled->bytes = std::move(*block);
  filled->size = bytes;
  filled->consumers_left = lanes_.size();
  ++state_->on_their_way;
  for (const auto& lane : lanes_) {
    asio::post(lane->thread, [state = state_, where = lane, filled] {
      Result<void> consumed;
      if (!where->failed)
        consumed = where->consume(std::span<const std::byte>(filled->bytes).first(filled->size));
      where->failed = where->failed || !consumed;
      asio::post(state->loop, [state, filled, consumed] { state->done(filled, consumed); });
    });
  }
  if (!state_->spare.empty()) {
    *block = std::move(state_->spare.back());
    state_->spare.pop_back();
  }
  block->resize(size);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> WriteBehind::drain() {
  co_await wait_until_at_most(0);
  co_return state_->outcome;
}

}  // namespace espalier::net
