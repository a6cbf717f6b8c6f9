// What blocks in a transfer (hashing, writing) is done on other threads while the next bytes arrive. Lives on
// a loop; the threads' executor has to outlive it, the loop has to outlive the threads.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "common/base/result.hpp"

namespace espalier::net {

inline constexpr std::size_t kBlock = std::size_t{1} << 20;
using Block = std::vector<std::byte>;

class WriteBehind {
 public:
  using Consumer = std::function<Result<void>(std::span<const std::byte>)>;

  // Every consumer gets all bytes in their order; different ones work at the same time, and may do so for a
  // moment after this object is gone: what they use has to be theirs. The first error ends it for all.
  WriteBehind(boost::asio::any_io_executor loop, boost::asio::any_io_executor threads,
              std::vector<Consumer> consumers);

  // Takes the first `bytes` of the block and leaves another one in its place. Waits while too many are on
  // their way; an error may be that of a block before.
  boost::asio::awaitable<Result<void>> put(Block* block, std::size_t bytes);
  // Until the consumers have had everything.
  boost::asio::awaitable<Result<void>> drain();

 private:
  struct State;
  struct Lane;
  boost::asio::awaitable<void> wait_until_at_most(std::size_t blocks);
  std::shared_ptr<State> state_;  // both shared with the consumers' threads
  std::vector<std::shared_ptr<Lane>> lanes_;
};

}  // namespace espalier::net
