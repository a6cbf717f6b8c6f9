#include "tests/bench/load/workers.hpp"

#include <fmt/format.h>
#include <zmq.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "common/net/key_folder.hpp"
#include "common/wire/codec.hpp"

namespace espalier::load {

namespace {

constexpr std::size_t kMessagesInAFrame = 200;
constexpr auto kHelloPause = std::chrono::seconds(1);
constexpr auto kRepeatAfter = std::chrono::seconds(5);
constexpr std::size_t kUnacknowledgedProgress = 20;  // a worker reports no more until some is acknowledged

MonotonicTime clock_now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

struct Workers::Worker {
  struct Attempt {
    MonotonicTime ends;
    int points_left = 0;
    int seq = 0;
    bool ended = false;
  };
  std::string name;
  void* socket = nullptr;
  bool welcome = false;
  std::int64_t epoch = 0;
  std::int64_t beat = 0;
  Duration beat_interval = std::chrono::seconds(2);
  std::map<std::int64_t, MonotonicTime> open_beats;
  MonotonicTime next_word;
  std::map<std::int64_t, Attempt> attempts;
  std::deque<std::int64_t> waiting;  // for a slot
  std::deque<std::int64_t> to_end;   // in the order of their ends: all tasks take the same time
  std::map<std::pair<std::int64_t, std::int64_t>, int> open_progress;
  std::deque<std::int64_t> reporting;
  MonotonicTime repeat_at;
  std::vector<wire::ToCoordinator> words;
};

Workers::Workers(WorkersOptions options)
    : options_(std::move(options)), now_(clock_now()), context_(zmq_ctx_new()) {
  zmq_ctx_set(context_, ZMQ_MAX_SOCKETS, options_.workers + 100);
  for (int i = 0; i < options_.workers; ++i) {
    auto worker = std::make_unique<Worker>();
    worker->name = fmt::format("{}-{}", options_.name, i);
    worker->socket = zmq_socket(context_, ZMQ_DEALER);
    if (worker->socket == nullptr) throw std::runtime_error("no more sockets: raise the limit of open files");
    const int goodbye_ms = 1'000;
    const int many = 100'000;
    zmq_setsockopt(worker->socket, ZMQ_LINGER, &goodbye_ms, sizeof goodbye_ms);
    zmq_setsockopt(worker->socket, ZMQ_SNDHWM, &many, sizeof many);
    zmq_setsockopt(worker->socket, ZMQ_RCVHWM, &many, sizeof many);
    if (!options_.keys.empty()) {
      const auto file = net::KeyFolder(options_.keys).worker_file(worker->name);
      const auto key = net::read_worker_key(file).value();
      zmq_setsockopt(worker->socket, ZMQ_CURVE_SERVERKEY, key.server.data(), key.server.size());
      zmq_setsockopt(worker->socket, ZMQ_CURVE_PUBLICKEY, key.own.public_key.data(),
                     key.own.public_key.size());
      zmq_setsockopt(worker->socket, ZMQ_CURVE_SECRETKEY, key.own.secret_key.data(),
                     key.own.secret_key.size());
    }
    if (zmq_connect(worker->socket, options_.coordinator.c_str()) != 0)
      throw std::runtime_error(zmq_strerror(zmq_errno()));
    worker->next_word = now_;
    workers_.push_back(std::move(worker));
  }
}

// Or the next round's tasks would go to these too, until their leases have run out.
Workers::~Workers() {
  for (const auto& worker : workers_) {
    const auto frame = wire::encode_all({wire::Goodbye{worker->name, "1"}});
    zmq_send(worker->socket, frame.data(), frame.size(), ZMQ_DONTWAIT);
    zmq_close(worker->socket);
  }
  zmq_ctx_term(context_);
}

Duration Workers::until_due() const {
  auto due = MonotonicTime::max();
  for (const auto& worker : workers_) {
    due = std::min(due, worker->next_word);
    if (!worker->to_end.empty()) due = std::min(due, worker->attempts.at(worker->to_end.front()).ends);
  }
  return due - now_;
}

void Workers::turn(std::chrono::milliseconds patience) {
  std::vector<zmq_pollitem_t> items;
  items.reserve(workers_.size());
  for (const auto& worker : workers_) items.push_back({worker->socket, 0, ZMQ_POLLIN, 0});
  const auto due = std::chrono::ceil<std::chrono::milliseconds>(until_due());
  const auto wait = std::clamp<std::chrono::milliseconds>(due, std::chrono::milliseconds(0), patience);
  zmq_poll(items.data(), static_cast<int>(items.size()), wait.count());
  now_ = clock_now();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if ((items[i].revents & ZMQ_POLLIN) != 0) hear(*workers_[i]);
    do_what_is_due(*workers_[i]);
    send(*workers_[i]);
  }
}

void Workers::hear(Worker& worker) {
  zmq_msg_t frame;
  zmq_msg_init(&frame);
  while (zmq_msg_recv(&frame, worker.socket, ZMQ_DONTWAIT) >= 0) {
    const auto messages =
        wire::decode_all_to_worker({static_cast<const char*>(zmq_msg_data(&frame)), zmq_msg_size(&frame)});
    if (!messages) throw std::runtime_error(messages.error().message);
    for (const auto& message : *messages) handle(worker, message);
  }
  zmq_msg_close(&frame);
}

void Workers::handle(Worker& worker, const wire::ToWorker& message) {
  if (const auto* welcome = std::get_if<wire::Welcome>(&message)) {
    if (!worker.welcome) ++counts_.welcomed;
    worker.welcome = true;
    worker.epoch = welcome->epoch;
    worker.beat_interval = std::chrono::milliseconds(welcome->beat_ms);
    worker.next_word = now_ + worker.beat_interval;
  } else if (const auto* beat = std::get_if<wire::Beat>(&message)) {
    const auto sent = worker.open_beats.find(beat->beat);
    if (sent == worker.open_beats.end()) return;
    if (now_ - sent->second > worker.beat_interval) ++counts_.late_beats;
    worker.open_beats.erase(sent);
  } else if (std::holds_alternative<wire::WhoAreYou>(message)) {
    if (worker.welcome) --counts_.welcomed;
    worker.welcome = false;
    worker.next_word = now_;
  } else if (std::holds_alternative<wire::Rejected>(message)) {
    ++counts_.rejected;
  } else if (const auto* assign = std::get_if<wire::Assign>(&message)) {
    if (counts_.started++ == 0) counts_.first_start = now_;
    assigned(*assign);
    const auto [place, is_new] =
        worker.attempts.try_emplace(assign->attempt, Worker::Attempt{now_, options_.points});
    if (!is_new) return;
    if (options_.points > 0)
      worker.reporting.push_back(assign->attempt);
    else
      worker.waiting.push_back(assign->attempt);
  } else if (const auto* acknowledge = std::get_if<wire::Acknowledge>(&message)) {
    const auto progress = worker.open_progress.find({acknowledge->attempt, acknowledge->seq});
    if (progress != worker.open_progress.end()) {
      counts_.points += progress->second;
      counts_.last_end = now_;
      worker.open_progress.erase(progress);
    } else if (const auto found = worker.attempts.find(acknowledge->attempt);
               found != worker.attempts.end() && found->second.ended &&
               found->second.seq == acknowledge->seq) {
      worker.attempts.erase(found);
      ++counts_.ended;
      counts_.last_end = now_;
    }
  } else if (const auto* cancel = std::get_if<wire::Cancel>(&message)) {
    if (worker.attempts.erase(cancel->attempt) == 0) return;
    std::erase(worker.to_end, cancel->attempt);
    std::erase(worker.waiting, cancel->attempt);
  }
}

void Workers::fill_slots(Worker& worker) const {
  while (!worker.waiting.empty() && worker.to_end.size() < static_cast<std::size_t>(options_.slots)) {
    const std::int64_t id = worker.waiting.front();
    worker.waiting.pop_front();
    worker.attempts.at(id).ends = now_ + options_.task_time;
    worker.to_end.push_back(id);
  }
}

void Workers::do_what_is_due(Worker& worker) {
  if (!worker.welcome) {
    if (now_ < worker.next_word) return;
    worker.next_word = now_ + kHelloPause;
    wire::Hello hello;
    hello.worker = worker.name;
    hello.session = "1";
    hello.slots = options_.slots;
    hello.device_class = "load";
    worker.words.emplace_back(std::move(hello));
    return;
  }
  const auto end_of = [&](std::int64_t id, Worker::Attempt& attempt) {
    wire::Finished finished;
    finished.worker = worker.name;
    finished.attempt = id;
    finished.seq = attempt.seq;
    finished.device_class = "load";
    finished.seconds = std::chrono::duration<double>(options_.task_time).count();
    worker.words.emplace_back(std::move(finished));
  };
  while (!worker.reporting.empty() && worker.open_progress.size() < kUnacknowledgedProgress) {
    const std::int64_t id = worker.reporting.front();
    auto& attempt = worker.attempts.at(id);
    const int count = std::min(attempt.points_left, options_.points_in_a_message);
    wire::Progress progress;
    progress.worker = worker.name;
    progress.attempt = id;
    progress.seq = ++attempt.seq;
    for (int i = 0; i < count; ++i) progress.points.push_back({"loss", double(attempt.points_left - i), 0.5});
    worker.open_progress[{id, progress.seq}] = count;
    worker.words.emplace_back(std::move(progress));
    attempt.points_left -= count;
    if (attempt.points_left > 0) continue;
    worker.reporting.pop_front();
    worker.waiting.push_back(id);
  }
  fill_slots(worker);
  while (!worker.to_end.empty()) {
    const std::int64_t id = worker.to_end.front();
    auto& attempt = worker.attempts.at(id);
    if (attempt.ends > now_) break;
    worker.to_end.pop_front();
    attempt.ended = true;
    ++attempt.seq;
    end_of(id, attempt);
    fill_slots(worker);
  }
  if (now_ >= worker.next_word) {
    for (const auto& [number, sent] : worker.open_beats)
      if (now_ - sent > 3 * worker.beat_interval) ++counts_.late_beats;
    std::erase_if(worker.open_beats,
                  [&](const auto& entry) { return now_ - entry.second > 3 * worker.beat_interval; });
    worker.next_word += worker.beat_interval;
    worker.open_beats[++worker.beat] = now_;
    ++counts_.beats;
    wire::Heartbeat beat{worker.name, "1", {}, worker.beat};
    for (const auto& [id, attempt] : worker.attempts) beat.attempts.push_back(id);
    worker.words.emplace_back(std::move(beat));
  }
  if (now_ >= worker.repeat_at) {
    worker.repeat_at = now_ + kRepeatAfter;
    for (auto& [id, attempt] : worker.attempts)
      if (attempt.ended && now_ - attempt.ends > kRepeatAfter) end_of(id, attempt);
  }
}

void Workers::send(Worker& worker) {
  for (std::size_t from = 0; from < worker.words.size(); from += kMessagesInAFrame) {
    const auto begin = worker.words.begin() + static_cast<std::ptrdiff_t>(from);
    const auto end = worker.words.begin() +
                     static_cast<std::ptrdiff_t>(std::min(worker.words.size(), from + kMessagesInAFrame));
    const std::string frame = wire::encode_all(std::vector<wire::ToCoordinator>(begin, end));
    zmq_send(worker.socket, frame.data(), frame.size(), 0);
  }
  worker.words.clear();
}

}  // namespace espalier::load
