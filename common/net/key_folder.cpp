#include "common/net/key_folder.hpp"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>

#include "common/base/files.hpp"
#include "common/base/json.hpp"
#include "common/base/private_file.hpp"

namespace espalier::net {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kLongestName = 64;

bool can_be_a_file(const std::string& name) {
  return !name.empty() && name.size() <= kLongestName && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](unsigned char letter) {
           return letter < 128 &&
                  (std::isalnum(letter) != 0 || letter == '.' || letter == '_' || letter == '-');
         });
}

// Says nothing of what stands in it.
Error no_key_file(const fs::path& path, const char* made_by) {
  return {ErrorKind::usage, path.string() + " is no key file",
          fmt::format("copy it again, or remove it and make another: `espalier keys {}`", made_by)};
}

// The texts of these members, in their order.
Result<std::vector<std::string>> read_members(const fs::path& path, std::initializer_list<const char*> names,
                                              const char* made_by) {
  const auto bytes = read_private_file(path);
  if (!bytes) return bytes.error();
  const auto document = parse_json(*bytes);
  if (!document || !document->is_object()) return no_key_file(path, made_by);
  std::vector<std::string> texts;
  for (const char* name : names) {
    const auto* member = document->get_object().if_contains(name);
    if (member == nullptr || !member->is_string()) return no_key_file(path, made_by);
    texts.emplace_back(member->get_string());
  }
  return texts;
}

}  // namespace

Result<void> KeyFolder::init() const {
  for (const auto& folder : {root_, workers()})
    if (auto made = make_private_folder(folder); !made) return made;
  const auto pair = new_key_pair();
  auto written = write_private_file(
      server_file(),
      json::serialize(json::object{{"public", pair.public_key}, {"secret", pair.secret_key}}) + "\n");
  if (!written && written.error().kind == ErrorKind::busy)
    return Error{ErrorKind::busy, server_file().string() + " is there already",
                 "workers that were added know the coordinator by it; for a new one choose another folder "
                 "with --keys"};
  return written;
}

Result<KeyPair> KeyFolder::server() const {
  auto texts = read_members(server_file(), {"public", "secret"}, "init");
  if (!texts && texts.error().kind == ErrorKind::not_found)
    return Error{ErrorKind::not_found, "there are no keys in " + root_.string(),
                 "`espalier keys init --keys " + root_.string() + "` makes them"};
  if (!texts) return texts.error();
  KeyPair pair{std::move((*texts)[0]), std::move((*texts)[1])};
  if (!belong_together(pair)) return no_key_file(server_file(), "init");
  return pair;
}

Result<fs::path> KeyFolder::add_worker(const std::string& name) const {
  if (!can_be_a_file(name))
    return Error{ErrorKind::usage, "\"" + name + "\" can't be the name of a worker with a key",
                 "use letters, digits, '.', '_' and '-', at most 64 of them"};
  const auto server_pair = server();
  if (!server_pair) return server_pair.error();
  std::error_code unknown;
  if (fs::exists(public_file(name), unknown))
    return Error{ErrorKind::busy, "a worker " + name + " has a key already",
                 "`espalier keys revoke " + name + "` first: then it needs its new file"};
  const auto pair = new_key_pair();
  const json::object for_worker{{"name", name},
                                {"public", pair.public_key},
                                {"secret", pair.secret_key},
                                {"server", server_pair->public_key}};
  auto written = write_private_file(worker_file(name), json::serialize(for_worker) + "\n");
  if (!written) return written.error();
  // Last, and whole at once: from now on it may come in.
  written = write_file_atomically(public_file(name), pair.public_key + "\n");
  if (!written) return written.error();
  return worker_file(name);
}

Result<void> KeyFolder::revoke(const std::string& name) const {
  std::error_code failed;
  const bool was_there = can_be_a_file(name) && fs::remove(public_file(name), failed);
  if (failed)
    return Error{ErrorKind::failed, public_file(name).string() + " can't be removed: " + failed.message(),
                 ""};
  if (!was_there)
    return Error{ErrorKind::not_found, "no worker \"" + name + "\" has a key here",
                 "`espalier keys list` lists them"};
  fs::remove(worker_file(name), failed);
  if (failed)
    return Error{ErrorKind::failed, worker_file(name).string() + " can't be removed: " + failed.message(),
                 ""};
  return {};
}

Result<KeyFolder::Admitted> KeyFolder::admitted() const {
  std::error_code failed;
  fs::directory_iterator files(workers(), failed);
  if (failed)
    return Error{ErrorKind::not_found, workers().string() + " can't be read: " + failed.message(),
                 "`espalier keys init --keys " + root_.string() + "` makes it"};
  std::vector<fs::path> paths;
  for (; !failed && files != fs::directory_iterator(); files.increment(failed))
    if (files->path().extension() == ".pub") paths.push_back(files->path());
  if (failed) return Error{ErrorKind::failed, workers().string() + " can't be read: " + failed.message(), ""};
  std::sort(paths.begin(), paths.end());  // whose key counts if two have one
  Admitted found;
  for (const auto& path : paths) {
    const auto text = read_file(path);
    if (!text && text.error().kind == ErrorKind::not_found) continue;  // it was revoked just now
    const auto key = text ? text->substr(0, text->find_last_not_of(" \r\n") + 1) : std::string();
    const auto name = path.stem().string();
    if (!is_key(key) || !can_be_a_file(name)) {
      found.complaints.push_back(path.string() + " holds no public key: it lets nobody in");
    } else if (const auto [other, is_new] = found.keys.emplace(key, name); !is_new) {
      found.complaints.push_back(
          fmt::format("{} lets nobody in: its key is that of {}", path.string(), other->second));
    }
  }
  return found;
}

Result<WorkerKey> read_worker_key(const fs::path& path) {
  auto texts = read_members(path, {"name", "public", "secret", "server"}, "add-worker");
  if (!texts && texts.error().kind == ErrorKind::not_found)
    return Error{ErrorKind::not_found, texts.error().message,
                 "where the coordinator's keys are, `espalier keys add-worker NAME` makes it: copy it here"};
  if (!texts) return texts.error();
  WorkerKey key{(*texts)[0], {(*texts)[1], (*texts)[2]}, (*texts)[3]};
  if (!can_be_a_file(key.name) || !belong_together(key.own) || !is_key(key.server))
    return no_key_file(path, "add-worker");
  return key;
}

}  // namespace espalier::net
