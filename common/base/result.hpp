// Expected failures are values: Result<T> carries either a T or an Error that says what went wrong, where,
// and what to do about it. Exceptions mean broken resources and are converted once, at a module's edge.
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace espalier {

// Every kind has its own exit code, so that scripts can tell failures apart without reading text.
enum class ErrorKind {
  usage,               // the command line is wrong
  invalid_job,         // the job file has errors
  not_found,           // a file, job or trial that was named does not exist
  missing_dependency,  // something that has to be installed is not (the message names the package)
  busy,                // a port or state folder is in use
  unavailable,         // the coordinator or the database can't be reached
  failed,              // the work itself failed
  interrupted,         // the user stopped it
  internal,            // a defect of ours
};

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;  // what and where, one sentence
  std::string help;     // what to do about it; may be empty
};

template <class T>
using Result = boost::system::result<T, Error>;

constexpr int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::failed:
      return 1;
    case ErrorKind::usage:
      return 2;
    case ErrorKind::invalid_job:
      return 3;
    case ErrorKind::not_found:
      return 4;
    case ErrorKind::missing_dependency:
      return 5;
    case ErrorKind::busy:
      return 6;
    case ErrorKind::unavailable:
      return 7;
    case ErrorKind::internal:
      return 70;
    case ErrorKind::interrupted:
      return 130;
  }
  return 70;
}

std::string_view to_string(ErrorKind kind);
ErrorKind error_kind_from(std::string_view name);  // internal for a name it doesn't know

// Carries an Error through code that can only throw (constructors, callbacks); converted at the module's
// edge.
class ErrorException : public std::runtime_error {
 public:
  explicit ErrorException(Error error) : std::runtime_error(error.message), error_(std::move(error)) {}
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
};

[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw ErrorException(error);
}

// An invariant of ours. Always on; input never triggers it.
[[noreturn]] void invariant_failed(std::string_view condition, std::string_view file, int line);
#define ESPALIER_ASSERT(condition) \
  ((condition) ? void(0) : ::espalier::invariant_failed(#condition, __FILE__, __LINE__))

}  // namespace espalier
