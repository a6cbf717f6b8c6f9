#include "coordinator/store/connection.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "common/base/result.hpp"
#include "coordinator/store/store.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

template <class Number>
Number parse(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  ESPALIER_ASSERT(failure == std::errc{} && end == text.data() + text.size());
  return number;
}

// Null-terminated strings are what both versions of libpqxx take as they are; our values hold no zero bytes.
std::vector<const char*> pointers(const std::vector<Value>& parameters) {
  std::vector<const char*> result;
  result.reserve(parameters.size());
  for (const Value& parameter : parameters) result.push_back(parameter ? parameter->c_str() : nullptr);
  return result;
}

struct Deadline {
  const char* key;
  const char* value;
};
constexpr std::array kDeadlines = {Deadline{"connect_timeout", "10"}, Deadline{"tcp_user_timeout", "20000"},
                                   Deadline{"keepalives_idle", "5"}, Deadline{"keepalives_interval", "5"},
                                   Deadline{"keepalives_count", "3"}};

}  // namespace

std::string with_deadlines(const std::string& address) {
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(address.c_str(), nullptr), PQconninfoFree);
  if (!options) return address;  // whoever connects is told what is wrong with it
  const bool is_uri = address.starts_with("postgresql://") || address.starts_with("postgres://");
  std::string result = address;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    const auto is_it = [&](const Deadline& deadline) {
      return std::string_view(deadline.key) == option->keyword;
    };
    const auto* deadline = std::find_if(kDeadlines.begin(), kDeadlines.end(), is_it);
    if (deadline == kDeadlines.end() || option->val != nullptr) continue;
    if (option->envvar != nullptr && std::getenv(option->envvar) != nullptr) continue;
    const char* separator = is_uri ? (result.find('?') == std::string::npos ? "?" : "&") : " ";
    result.append(separator).append(deadline->key).append("=").append(deadline->value);
  }
  return result;
}

std::int64_t Rows::integer(std::size_t row, int column) const {
  return parse<std::int64_t>(text(row, column));
}

double Rows::real(std::size_t row, int column) const {
  return parse<double>(text(row, column));
}

Connection::Connection(const std::string& text) : connection_(with_deadlines(text)) {
  pqxx::nontransaction setting(connection_);
  setting.exec(std::string(sql::set_up_session));
}

const std::string& Connection::prepared(std::string_view statement) {
  const auto found = names_.find(statement.data());
  if (found != names_.end()) return found->second;
  std::string name("s");
  name += std::to_string(names_.size());
  connection_.prepare(name, std::string(statement));
  return names_.emplace(statement.data(), std::move(name)).first->second;
}

Rows Transaction::run(std::string_view statement, const std::vector<Value>& parameters) {
  const std::string& name = connection_.prepared(statement);
  const auto values = pointers(parameters);
#if PQXX_VERSION_MAJOR >= 7
  pqxx::params arguments;
  arguments.reserve(values.size());
  for (const char* value : values) arguments.append(value);
  return Rows(work_.exec(pqxx::prepped{name}, arguments));
#else
  return Rows(work_.exec_prepared(name, pqxx::prepare::make_dynamic_params(values)));
#endif
}

void Transaction::script(std::string_view statements) {
  work_.exec(std::string(statements));
}

pqxx::result run_one(pqxx::transaction_base& transaction, const std::string& statement) {
#if PQXX_VERSION_MAJOR >= 7
  return transaction.exec(statement, pqxx::params{});
#else
  return transaction.exec_params(statement);
#endif
}

pqxx::result run_with(pqxx::transaction_base& transaction, std::string_view statement,
                      const std::string& parameter) {
#if PQXX_VERSION_MAJOR >= 7
  return transaction.exec(std::string(statement), pqxx::params{parameter});
#else
  return transaction.exec_params(std::string(statement), parameter);
#endif
}

Error as_error(const std::exception& failure) {
  if (const auto* expected = dynamic_cast<const ErrorException*>(&failure)) return expected->error();
  if (dynamic_cast<const Unavailable*>(&failure) != nullptr || is_outage(failure))
    return {ErrorKind::unavailable, std::string("can't reach the database: ") + failure.what(),
            "check that PostgreSQL runs and that its address is right"};
  return {ErrorKind::failed, std::string("the database refused: ") + failure.what(), ""};
}

bool is_outage(const std::exception& failure) {
  if (dynamic_cast<const pqxx::broken_connection*>(&failure) != nullptr) return true;
  if (dynamic_cast<const pqxx::in_doubt_error*>(&failure) != nullptr) return true;
  const auto* refused = dynamic_cast<const pqxx::sql_error*>(&failure);
  if (refused == nullptr) return false;
  const std::string state = refused->sqlstate();
  // Connection exceptions, rollbacks of conflicts, lack of resources (a full disk too), intervention by an
  // operator.
  for (const std::string_view outage : {"08", "40", "53", "57"}) {
    if (state.starts_with(outage)) return true;
  }
  return false;
}

void rethrow_as_ours() {
  try {
    throw;
  } catch (const pqxx::failure& failure) {
    // A row is there that wasn't a moment ago: the server went on with what we had sent by a connection that
    // then broke. Our statements look for their rows first, so the repetition finds it.
    const bool was_overtaken = dynamic_cast<const pqxx::unique_violation*>(&failure) != nullptr;
    if (was_overtaken || is_outage(failure)) throw Unavailable(failure.what());
    throw std::runtime_error(std::string("the database refused a statement of ours: ") + failure.what());
  }
}

}  // namespace espalier::store
