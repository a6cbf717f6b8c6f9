#include "coordinator/runtime/store_thread.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "common/base/log.hpp"

namespace espalier::runtime {

namespace {
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{3000};
}  // namespace

StoreThread::StoreThread(std::unique_ptr<store::Store> store, std::string connection,
                         boost::asio::any_io_executor executor)
    : store_(std::move(store)), connection_(std::move(connection)), executor_(std::move(executor)) {
  thread_ = std::thread([this] { work(); });
}

StoreThread::~StoreThread() {
  stop();
}

void StoreThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void StoreThread::must(Work work, Done done) {
  push({std::move(work), std::move(done), true});
}
void StoreThread::ask(Work work, Done done) {
  push({std::move(work), std::move(done), false});
}

void StoreThread::push(Item item) {
  {
    const std::lock_guard lock(mutex_);
    (item.must ? must_ : questions_).push_back(std::move(item));
  }
  woken_.notify_all();
}

std::optional<StoreThread::Item> StoreThread::next() {
  std::unique_lock lock(mutex_);
  woken_.wait(lock, [this] { return stopping_ || !must_.empty() || !questions_.empty(); });
  if (stopping_) return std::nullopt;
  std::deque<Item>& queue = must_.empty() ? questions_ : must_;
  Item item = std::move(queue.front());
  queue.pop_front();
  return item;
}

void StoreThread::work() {
  while (auto item = next()) execute(*item);
}

void StoreThread::execute(Item& item) {
  std::string told;  // of the last failure; empty: none yet
  for (auto pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    try {
      if (!store_) throw store::Unavailable("the database can't be reached");
      item.work(*store_);
      if (!told.empty()) log::info("the database is back");
      return finish(item, nullptr);
    } catch (const store::Unavailable& failure) {
      const auto error = std::current_exception();
      const bool again = !told.empty();
      if (told != failure.what()) log::warn("the database is away: {}", failure.what());
      told = failure.what();
      store_.reset();
      if (!item.must) {
        // Only the connection may have broken: then the question is asked once more.
        auto opened = store::Store::open(connection_);
        if (opened) store_ = std::move(*opened);
        if (opened && !again) continue;
        return finish(item, error);
      }
      // One that can be reached and still refuses, since its disk is full, say, is given some time.
      if ((again && !wait(pause, told)) || !reconnect(told)) return finish(item, error);
    } catch (...) {
      return finish(item, std::current_exception());
    }
  }
}

// False if we are to stop before the database is back.
bool StoreThread::reconnect(const std::string& reason) {
  for (auto pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    auto opened = store::Store::open(connection_);
    if (opened) {
      store_ = std::move(*opened);
      return true;
    }
    if (!wait(pause, reason)) return false;
  }
}

// False if we are to stop. Who asks meanwhile is told why there is no answer.
bool StoreThread::wait(std::chrono::milliseconds time, const std::string& reason) {
  std::unique_lock lock(mutex_);
  std::deque<Item> refused = std::exchange(questions_, {});
  const bool stopping = woken_.wait_for(lock, time, [this] { return stopping_; });
  refused.insert(refused.end(), std::make_move_iterator(questions_.begin()),
                 std::make_move_iterator(questions_.end()));
  questions_.clear();
  lock.unlock();
  const auto error = std::make_exception_ptr(store::Unavailable(reason));
  for (const Item& item : refused) finish(item, error);
  return !stopping;
}

void StoreThread::finish(const Item& item, std::exception_ptr error) {
  boost::asio::post(executor_, [done = item.done, error = std::move(error)] { done(error); });
}

}  // namespace espalier::runtime
