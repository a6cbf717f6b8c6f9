#include "coordinator/runtime/store_thread.hpp"

#include <algorithm>
#include <chrono>

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
  for (;;) {
    try {
      if (!store_) throw store::Unavailable("the database can't be reached");
      item.work(*store_);
      return finish(item, nullptr);
    } catch (const store::Unavailable& failure) {
      if (store_) log::warn("the database is away: {}", failure.what());
      store_.reset();
      const auto error = std::current_exception();
      if (!item.must) {
        finish(item, error);
        // One try, so that the next question finds it again if it is back.
        auto opened = store::Store::open(connection_);
        if (opened) store_ = std::move(*opened);
        return;
      }
      if (!reconnect()) return finish(item, error);
    } catch (...) {
      return finish(item, std::current_exception());
    }
  }
}

// False if we are to stop before the database is back.
bool StoreThread::reconnect() {
  auto pause = kFirstPause;
  for (;;) {
    refuse_questions();
    auto opened = store::Store::open(connection_);
    if (opened) {
      store_ = std::move(*opened);
      log::info("the database is back");
      return true;
    }
    std::unique_lock lock(mutex_);
    if (woken_.wait_for(lock, pause, [this] { return stopping_; })) return false;
    pause = std::min(pause * 2, kLongestPause);
  }
}

void StoreThread::refuse_questions() {
  std::deque<Item> refused;
  {
    const std::lock_guard lock(mutex_);
    refused.swap(questions_);
  }
  const auto error = std::make_exception_ptr(store::Unavailable("the database can't be reached"));
  for (const Item& item : refused) finish(item, error);
}

void StoreThread::finish(const Item& item, std::exception_ptr error) {
  boost::asio::post(executor_, [done = item.done, error = std::move(error)] { done(error); });
}

}  // namespace espalier::runtime
