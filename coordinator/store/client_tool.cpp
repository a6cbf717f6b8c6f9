#include "coordinator/store/client_tool.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <utility>

#include "common/base/files.hpp"

namespace fs = std::filesystem;

namespace espalier::store {
namespace {

constexpr std::chrono::milliseconds kBetweenCalls{250};

Result<fs::path> find_tool(const std::string& tool, int major) {
  int best = 0;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", missing)) {
    const int version = std::atoi(entry.path().filename().c_str());
    if (version < major || (best > 0 && version > best) || !fs::exists(entry.path() / "bin" / tool)) continue;
    best = version;
  }
  if (best > 0) return fs::path("/usr/lib/postgresql") / std::to_string(best) / "bin" / tool;
  const auto package = "postgresql-client-" + std::to_string(major);
  return Error{ErrorKind::missing_dependency,
               tool + " of PostgreSQL " + std::to_string(major) + " or later is not installed",
               "apt-get install " + package};
}

struct Address {
  std::vector<std::pair<std::string, std::string>> environment;
  std::string rest;  // what libpq reads from no variable
};

std::string quoted(const char* value) {
  std::string text = "'";
  for (const char* c = value; *c != '\0'; ++c) {
    if (*c == '\'' || *c == '\\') text += '\\';
    text += *c;
  }
  return text + "'";
}

Result<Address> address_of(const std::string& connection) {
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(connection.c_str(), &complaint), PQconninfoFree);
  const std::unique_ptr<char, void (*)(void*)> message(complaint, PQfreemem);
  if (!options)
    return Error{ErrorKind::usage,
                 std::string("the database's address can't be read: ") + (complaint ? complaint : ""),
                 "write postgresql://user@host/database"};
  Address address;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    if (option->envvar != nullptr)
      address.environment.emplace_back(option->envvar, option->val);
    else
      address.rest +=
          (address.rest.empty() ? "" : " ") + std::string(option->keyword) + "=" + quoted(option->val);
  }
  return address;
}

// The last line that isn't empty.
std::string last_words(const fs::path& file) {
  auto text = read_file(file);
  if (!text) return "";
  while (!text->empty() && (text->back() == '\n' || text->back() == ' ')) text->pop_back();
  return text->substr(text->rfind('\n') + 1);
}

class ErrorFile {
 public:
  ErrorFile() {
    std::string name = (fs::temp_directory_path() / "espalier-tool-XXXXXX").string();
    const int file = ::mkstemp(name.data());
    if (file >= 0) ::close(file);
    path_ = name;
  }
  ~ErrorFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  ErrorFile(const ErrorFile&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

Result<void> run_client_tool(const std::string& tool, std::vector<std::string> arguments,
                             const std::string& connection, int server_version, const Waiting& waiting) {
  const auto program = find_tool(tool, server_version / 10000);
  if (!program) return program.error();
  auto address = address_of(connection);
  if (!address) return address.error();
  const ErrorFile errors;
  ChildOptions options;
  options.arguments = {*program, "--no-password", "--dbname=" + address->rest};
  options.arguments.insert(options.arguments.end(), std::make_move_iterator(arguments.begin()),
                           std::make_move_iterator(arguments.end()));
  options.environment = std::move(address->environment);
  options.environment.emplace_back("LC_MESSAGES", "C");
  options.error_file = errors.path();
  auto child = ChildProcess::spawn(options);
  if (!child) return child.error();
  for (;;) {
    const auto ended = child->wait_for(kBetweenCalls);
    waiting();
    if (!ended) continue;
    if (ended->succeeded()) return {};
    return Error{ErrorKind::failed, tool + " " + ended->in_words() + ": " + last_words(errors.path()), ""};
  }
}

}  // namespace espalier::store
