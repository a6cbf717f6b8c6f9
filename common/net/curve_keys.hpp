// Keys of CURVE, ZeroMQ's encryption: pairs of 32 bytes on Curve25519, written as 40 characters each (Z85).
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace espalier::net {

struct KeyPair {
  std::string public_key;
  std::string secret_key;
};

// Who may come in: public key -> name.
using AdmittedKeys = std::map<std::string, std::string, std::less<>>;

KeyPair new_key_pair();
bool is_key(std::string_view text);
std::string written(std::string_view bytes);  // a key of 32 bytes as text; empty if it is none
bool belong_together(const KeyPair& pair);

// A worker's end: its own pair, the name under which it is known, and the only coordinator that it speaks to.
struct WorkerKey {
  std::string name;
  KeyPair own;
  std::string server;  // public key
};

}  // namespace espalier::net
