#include "worker/agent/runner_pool.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "common/base/files.hpp"
#include "common/base/log.hpp"

namespace espalier::agent {
namespace asio = boost::asio;
namespace {

// LibTorch's libraries come from a cold disk the first time.
constexpr auto kHelloLimit = std::chrono::seconds(120);

// Kills a runner that is too slow; the waiting `next_event` then reports its exit.
class HelloDeadline {
 public:
  HelloDeadline(asio::io_context& io, RunnerProcess* runner) : timer_(io, kHelloLimit) {
    timer_.async_wait(OnExpiry{runner});
  }

 private:
  struct OnExpiry {
    RunnerProcess* runner;
    void operator()(const boost::system::error_code& cancelled) const {
      if (!cancelled) runner->kill();
    }
  };
  asio::steady_timer timer_;
};

std::string last_lines(const std::filesystem::path& log) {
  constexpr std::size_t kShown = 500;
  const auto text = read_file(log);
  if (!text || text->empty()) return {};
  return "; its last words: " + (text->size() > kShown ? text->substr(text->size() - kShown) : *text);
}

}  // namespace

RunnerPool::RunnerPool(asio::io_context& io, std::vector<std::string> command, std::filesystem::path folder,
                       int slots)
    : io_(io),
      command_(std::move(command)),
      folder_(std::move(folder)),
      slots_(static_cast<std::size_t>(std::max(slots, 1))),
      changed_(io, asio::steady_timer::time_point::max()) {}

asio::awaitable<Result<void>> RunnerPool::start_in(Slot* slot, std::size_t number) {
  auto started = RunnerProcess::start(io_, command_, folder_ / ("runner-" + std::to_string(number) + ".log"));
  if (!started) co_return started.error();
  slot->runner = std::move(*started);
  const HelloDeadline deadline(io_, slot->runner.get());
  auto event = co_await slot->runner->next_event();
  if (auto* hello = std::get_if<RunnerHello>(&event)) {
    if (!hello_) hello_ = std::move(*hello);
    co_return Result<void>{};
  }
  const auto* exit = std::get_if<RunnerExit>(&event);
  const auto how = exit != nullptr ? exit->in_words : "spoke before it said hello";
  auto words = last_lines(slot->runner->log());
  slot->runner.reset();
  co_return Error{ErrorKind::failed,
                  "the runner " + command_.front() + " " + how + " before it was ready" + words,
                  "run it by hand to see more: " + command_.front() + " --help"};
}

asio::awaitable<Result<RunnerProcess*>> RunnerPool::acquire(std::function<bool()> given_up) {
  while (!given_up()) {
    for (auto& slot : slots_)
      if (!slot.taken && slot.runner && slot.runner->ended()) slot.runner.reset();
    // A warm one first; an empty slot is second choice.
    auto choice =
        std::find_if(slots_.begin(), slots_.end(), [](const Slot& s) { return !s.taken && s.runner; });
    if (choice == slots_.end())
      choice = std::find_if(slots_.begin(), slots_.end(), [](const Slot& s) { return !s.taken; });
    if (choice != slots_.end()) {
      choice->taken = true;
      if (choice->runner) co_return choice->runner.get();
      const auto started = co_await start_in(&*choice, static_cast<std::size_t>(choice - slots_.begin()));
      if (started) co_return choice->runner.get();
      choice->taken = false;
      changed_.cancel();
      co_return started.error();
    }
    boost::system::error_code woken;
    co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) throw boost::system::system_error(woken);
  }
  co_return nullptr;
}

void RunnerPool::release(RunnerProcess* runner) {
  for (auto& slot : slots_) {
    if (slot.runner.get() != runner) continue;
    slot.taken = false;
    if (runner->ended()) slot.runner.reset();
  }
  changed_.cancel();
}

void RunnerPool::wake() {
  changed_.cancel();
}

void RunnerPool::kill_all() {
  for (auto& slot : slots_)
    if (slot.runner) slot.runner->kill();
}

}  // namespace espalier::agent
