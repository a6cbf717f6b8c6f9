// One connection to PostgreSQL and the transactions on it. What differs between libpqxx 6 and 7 stays in
// these two files. Functions throw store::Unavailable if the database is away, std::runtime_error for any
// other failure.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/base/result.hpp"

namespace espalier::store {

using Value = std::optional<std::string>;  // a parameter as text; unset is null

class Rows {
 public:
  explicit Rows(const pqxx::result& result) : result_(result) {}
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(result_.size()); }
  [[nodiscard]] bool empty() const { return result_.empty(); }
  [[nodiscard]] bool is_null(std::size_t row, int column) const { return field(row, column).is_null(); }
  [[nodiscard]] std::string_view text(std::size_t row, int column) const {
    const auto found = field(row, column);
    return {found.c_str(), static_cast<std::size_t>(found.size())};
  }
  [[nodiscard]] std::int64_t integer(std::size_t row, int column) const;
  [[nodiscard]] double real(std::size_t row, int column) const;
  [[nodiscard]] bool truth(std::size_t row, int column) const { return text(row, column) == "t"; }
  [[nodiscard]] const pqxx::result& raw() const { return result_; }

 private:
  [[nodiscard]] pqxx::field field(std::size_t row, int column) const {
    return result_[static_cast<pqxx::result::size_type>(row)][column];
  }
  pqxx::result result_;
};

// The address with limits for a server that can't be reached any more, where it doesn't name its own: 10 s to
// come through, and 20 s until a host that has gone is noticed. (A server that takes its time over a
// statement still answers the network.)
std::string with_deadlines(const std::string& address);

class Connection {
 public:
  explicit Connection(const std::string& text);
  [[nodiscard]] bool usable() const { return connection_.is_open(); }
  [[nodiscard]] int server_version() const { return connection_.server_version(); }  // 150004 is 15.4

 private:
  friend class Transaction;
  const std::string& prepared(std::string_view statement);
  pqxx::connection connection_;
  // The statements are constants: their address names them.
  std::unordered_map<const char*, std::string> names_;
};

class Transaction {  // rolled back unless committed
 public:
  explicit Transaction(Connection& connection) : connection_(connection), work_(connection.connection_) {}
  // `statement` has to be one of the constants of sql_files.hpp: it is prepared once a connection.
  Rows run(std::string_view statement, const std::vector<Value>& parameters = {});
  void script(std::string_view statements);  // any number of them, without parameters
  void commit() { work_.commit(); }

 private:
  Connection& connection_;
  pqxx::work work_;
};

// A statement of a user's, unprepared. PostgreSQL refuses more than one in a text.
pqxx::result run_one(pqxx::transaction_base& transaction, const std::string& statement);
pqxx::result run_with(pqxx::transaction_base& transaction, std::string_view statement,
                      const std::string& parameter);

// Call within a catch block: throws what libpqxx threw as one of the exceptions of this module.
[[noreturn]] void rethrow_as_ours();

// What was thrown, by libpqxx or by this module, as a value: for callers that don't go on trying.
Error as_error(const std::exception& failure);

// The server or the way to it failed, not the statement; the same call may succeed later.
bool is_outage(const std::exception& failure);

}  // namespace espalier::store
