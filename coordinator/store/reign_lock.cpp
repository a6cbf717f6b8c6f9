#include "coordinator/store/reign_lock.hpp"

#include <optional>
#include <utility>

#include "coordinator/store/connection.hpp"
#include "coordinator/store/store.hpp"
#include "sql_files.hpp"

namespace espalier::store {

struct ReignLock::State {
  std::string address;
  std::unique_ptr<Connection> connection;
  bool taken = false;      // by the present connection
  bool stands_by = false;  // likewise
  bool contested = false;
  std::optional<std::string> last_sign;
  std::chrono::steady_clock::time_point sign_seen;

  template <class Work>
  auto in_transaction(Work work) {
    try {
      if (connection == nullptr || !connection->usable()) {
        taken = stands_by = false;
        connection = std::make_unique<Connection>(address);
      }
      Transaction transaction(*connection);
      auto result = work(transaction);
      transaction.commit();
      return result;
    } catch (const pqxx::failure&) {
      connection.reset();
      taken = stands_by = false;
      rethrow_as_ours();
    }
  }

  bool take() {
    taken = in_transaction(
        [](Transaction& transaction) { return transaction.run(sql::take_reign_lock).truth(0, 0); });
    // At once, or another one that stands by would take the sign of who reigned before for ours.
    if (taken) show_life();
    return taken;
  }

  void show_life() {
    contested =
        in_transaction([](Transaction& transaction) { return transaction.run(sql::show_life).truth(0, 0); });
  }
};

ReignLock::ReignLock(std::string connection) : state_(std::make_unique<State>()) {
  state_->address = std::move(connection);
}
ReignLock::~ReignLock() = default;

bool ReignLock::try_take(std::chrono::milliseconds dead_after) {
  if (state_->take()) return true;
  if (!state_->stands_by) {
    state_->in_transaction([](Transaction& transaction) { return transaction.run(sql::stand_by).size(); });
    state_->stands_by = true;
  }
  const auto now = std::chrono::steady_clock::now();
  const auto sign = state_->in_transaction([](Transaction& transaction) {
    return std::string(transaction.run(sql::last_sign_of_life).text(0, 0));
  });
  if (sign != state_->last_sign) {
    state_->last_sign = sign;
    state_->sign_seen = now;
  } else if (now - state_->sign_seen > dead_after) {
    state_->in_transaction(
        [](Transaction& transaction) { return transaction.run(sql::end_reign_lock_sessions).size(); });
    return state_->take();
  }
  return false;
}

bool ReignLock::keep() {
  if (state_->connection == nullptr || !state_->connection->usable()) state_->taken = false;
  if (!state_->taken) return state_->take();
  state_->show_life();
  return true;
}

bool ReignLock::is_contested() const {
  return state_->contested;
}

}  // namespace espalier::store
