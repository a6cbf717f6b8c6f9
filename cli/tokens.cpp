// espalier tokens add|list|revoke: who may ask a coordinator over HTTP. Works on the database, whether or not
// a coordinator runs: so the first token needs none.
#include <fmt/format.h>

#include <cmath>
#include <iostream>

#include "cli/command.hpp"
#include "cli/state_database.hpp"
#include "cli/terminal_table.hpp"
#include "common/base/hash.hpp"
#include "common/base/json.hpp"
#include "common/base/secret.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::cli {
namespace {

struct TokensOptions {
  std::string name;
  std::string role;
  double days = 90;
  StateFolder state{kDefaultState};
  std::string database;
  bool json = false;
};

// The database is started for this one command if nothing runs.
template <class Work>
Result<int> with_store(const TokensOptions& options, StateDatabase::Access access, Work work) {
  const auto database = StateDatabase::open(options.state, options.database, access);
  if (!database) return database.error();
  auto store = store::Store::open(database->connection());
  if (!store) return store.error();
  try {
    return work(**store);
  } catch (const store::Unavailable& away) {
    return Error{ErrorKind::unavailable, std::string("the database can't be reached: ") + away.what(), ""};
  }
}

Result<int> add(const TokensOptions& options) {
  if (options.name.find_first_not_of(" \t") == std::string::npos || options.name.size() > 100)
    return Error{ErrorKind::usage, "a token's name has to be one to a hundred characters",
                 "name it after who gets it"};
  const auto secret = "espalier_" + random_secret();
  store::NewToken token;
  token.name = options.name;
  token.role = *role_from(options.role);
  token.hash = sha256_hex(secret);
  token.lifetime = std::chrono::seconds(std::llround(options.days * 24 * 3600));
  // The first one may come before all else: then the database is made for it.
  const bool is_there = std::filesystem::exists(options.state.postgres() / "data");
  const auto access = is_there ? StateDatabase::Access::beside_others : StateDatabase::Access::alone;
  return with_store(options, access, [&](store::Store& store) -> Result<int> {
    const auto expires = store.add_token(token);
    if (!expires)
      return Error{ErrorKind::busy, "there is a valid token named \"" + token.name + "\" already",
                   "choose another name, or end that one with `espalier tokens revoke NAME`"};
    std::cerr << fmt::format("{} of the role {} until {}; this is the only time that it is shown:\n",
                             token.name, options.role, *expires);
    std::cout << secret << std::endl;
    return 0;
  });
}

Result<int> list(const TokensOptions& options) {
  return with_store(options, StateDatabase::Access::beside_others, [&](store::Store& store) -> Result<int> {
    TerminalTable table({{"name"}, {"role"}, {"state"}, {"made"}, {"expires"}});
    json::array documents;
    for (const auto& token : store.list_tokens()) {
      table.add({token.name, token.role, token.state, token.created_at, token.expires_at});
      documents.push_back({{"name", token.name},
                           {"role", token.role},
                           {"state", token.state},
                           {"created_at", token.created_at},
                           {"expires_at", token.expires_at}});
    }
    if (options.json)
      std::cout << json::serialize(documents) << "\n";
    else
      table.print(std::cout);
    return 0;
  });
}

Result<int> revoke(const TokensOptions& options) {
  return with_store(options, StateDatabase::Access::beside_others, [&](store::Store& store) -> Result<int> {
    if (!store.revoke_token(options.name))
      return Error{ErrorKind::not_found,
                   "there is no token named \"" + options.name + "\" that could be revoked",
                   "`espalier tokens list` lists them"};
    std::cerr << "revoked; a coordinator at work knows it within a second\n";
    return 0;
  });
}

}  // namespace

void add_tokens(CLI::App& app, Action& chosen) {
  auto options =
      std::make_shared<TokensOptions>();  // shared: CLI11 keeps references to it beyond this function
  auto* command = app.add_subcommand("tokens", "Say who may ask a coordinator over HTTP");
  command->footer(R"(
Example:
  (umask 077; espalier tokens add ann --role submitter > ann.token)   # to standard output, this once
  espalier jobs --coordinator https://10.0.0.5:8470 --token-file ann.token
  espalier tokens revoke ann

A reader sees everything, a submitter hands in jobs and ends them, an admin also collects garbage and cordons workers.)");
  command->add_option("--state", options->state.root, "The state folder")->capture_default_str();
  command->add_option("--database", options->database, "Of this PostgreSQL instead");
  command->require_subcommand(1);
  auto* adding = command->add_subcommand("add", "Make a token and print it, this once");
  adding->footer("\nExample:\n  (umask 077; espalier tokens add ann --role submitter --days 30 > ann.token)");
  adding->add_option("NAME", options->name, "Who it is for; their jobs are under this name")->required();
  adding->add_option("--role", options->role, "reader, submitter or admin")
      ->required()
      ->check(CLI::IsMember({"reader", "submitter", "admin"}));
  adding->add_option("--days", options->days, "How long it is valid; may be a fraction")
      ->check(CLI::Range(0.00001, 3650.0))
      ->capture_default_str();
  adding->fallthrough();
  adding->callback([options, &chosen] { chosen = [options] { return add(*options); }; });
  auto* listing =
      command->add_subcommand("list", "List tokens: names, roles, until when; never their secrets");
  listing->footer("\nExample:\n  espalier tokens list");
  listing->add_flag("--json", options->json, "An array of tokens");
  listing->fallthrough();
  listing->callback([options, &chosen] { chosen = [options] { return list(*options); }; });
  auto* revoking = command->add_subcommand("revoke", "End a token at once");
  revoking->footer("\nExample:\n  espalier tokens revoke ann");
  revoking->add_option("NAME", options->name, "The token's name")->required();
  revoking->fallthrough();
  revoking->callback([options, &chosen] { chosen = [options] { return revoke(*options); }; });
}

}  // namespace espalier::cli
