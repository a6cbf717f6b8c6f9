// Addresses as they are given on the command line.
#pragma once

#include <string>

namespace espalier {

// "tcp://127.0.0.1:8471", "http://127.0.0.1:8470" or "127.0.0.1:8470" -> "127.0.0.1"
std::string host_of(const std::string& address);

// Only this machine can reach it.
bool is_loopback(const std::string& address);

}  // namespace espalier
