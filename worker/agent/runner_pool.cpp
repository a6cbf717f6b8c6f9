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

RunnerPool::RunnerPool(asio::io_context& io, RunnerPlan plan, std::optional<confinement::Groups> groups)
    : io_(io),
      plan_(std::move(plan)),
      groups_(std::move(groups)),
      slots_(static_cast<std::size_t>(std::max(plan_.slots, 1))),
      changed_(io, asio::steady_timer::time_point::max()) {}

RunnerPlace RunnerPool::place_of(std::size_t number, const std::filesystem::path& data) const {
  RunnerPlace place;
  place.home.folder = plan_.folder / std::to_string(number);
  place.fence.folder = place.home.work();
  place.fence.readable = plan_.readable;
  place.fence.readable.push_back(place.home.inputs());
  if (!data.empty()) place.fence.readable.push_back(data);
  place.fence.file_bytes = plan_.file_bytes;
  place.fence.memory_bytes = plan_.memory_bytes;
  if (number < plan_.processors.size()) place.processors = plan_.processors[number];
  if (!groups_) return place;
  if (auto group = groups_->make("runner-" + std::to_string(number)))
    place.group.emplace(std::move(*group));
  else
    log::warn("a runner is without a control group: {}", group.error().message);
  return place;
}

asio::awaitable<Result<void>> RunnerPool::start_in(Slot* slot, std::filesystem::path data) {
  if (slot->runner) co_await slot->runner->wait_for_exit();
  slot->runner.reset();
  auto started = RunnerProcess::start(io_, plan_.command,
                                      place_of(static_cast<std::size_t>(slot - slots_.data()), data));
  if (!started) co_return started.error();
  slot->runner = std::move(*started);
  slot->data = std::move(data);
  const HelloDeadline deadline(io_, slot->runner.get());
  auto event = co_await slot->runner->next_event();
  if (auto* hello = std::get_if<RunnerHello>(&event)) {
    if (!hello_) hello_ = std::move(*hello);
    co_return Result<void>{};
  }
  const auto* exit = std::get_if<RunnerExit>(&event);
  const auto how = exit != nullptr ? exit->in_words : "spoke before it said hello";
  auto words = last_lines(slot->runner->home().log());
  slot->runner.reset();
  co_return Error{ErrorKind::failed,
                  "the runner " + plan_.command.front() + " " + how + " before it was ready" + words,
                  "run it by hand to see more: " + plan_.command.front() + " --help"};
}

// A warm one that may read the data; else an empty slot; else one that has to be replaced.
RunnerPool::Slot* RunnerPool::best_free(const std::filesystem::path& data) {
  Slot* best = nullptr;
  const auto worth = [&data](const Slot& slot) { return !slot.runner ? 1 : slot.data == data ? 2 : 0; };
  for (auto& slot : slots_)
    if (!slot.taken && (best == nullptr || worth(slot) > worth(*best))) best = &slot;
  return best;
}

asio::awaitable<Result<RunnerProcess*>> RunnerPool::acquire(std::filesystem::path data,
                                                            std::function<bool()> given_up) {
  while (!given_up()) {
    for (auto& slot : slots_)
      if (!slot.taken && slot.runner && slot.runner->ended()) slot.runner.reset();
    if (auto* choice = best_free(data)) {
      choice->taken = true;
      if (choice->runner && choice->data == data) co_return choice->runner.get();
      const auto started = co_await start_in(choice, data);
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
