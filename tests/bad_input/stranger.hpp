// Somebody who reaches the coordinator's port for workers and says what he likes: a ZeroMQ socket and bytes.
#pragma once

#include <zmq.h>

#include <chrono>
#include <optional>
#include <string>

#include "common/net/curve_keys.hpp"

namespace espalier::test {

class Stranger {
 public:
  explicit Stranger(const std::string& endpoint, const std::optional<net::WorkerKey>& key = {})
      : context_(zmq_ctx_new()), socket_(zmq_socket(context_, ZMQ_DEALER)) {
    if (key) {
      zmq_setsockopt(socket_, ZMQ_CURVE_SERVERKEY, key->server.c_str(), key->server.size());
      zmq_setsockopt(socket_, ZMQ_CURVE_PUBLICKEY, key->own.public_key.c_str(), key->own.public_key.size());
      zmq_setsockopt(socket_, ZMQ_CURVE_SECRETKEY, key->own.secret_key.c_str(), key->own.secret_key.size());
    }
    const int patience_ms = 10'000;
    const int linger_ms = 1'000;
    zmq_setsockopt(socket_, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
    zmq_setsockopt(socket_, ZMQ_SNDTIMEO, &patience_ms, sizeof patience_ms);
    zmq_setsockopt(socket_, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    zmq_connect(socket_, endpoint.c_str());
  }
  ~Stranger() {
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  // `more`: another part of the same message follows.
  bool say(const std::string& bytes, bool more = false) {
    return zmq_send(socket_, bytes.data(), bytes.size(), more ? ZMQ_SNDMORE : 0) >= 0;
  }
  std::optional<std::string> hear() {
    std::string bytes(1 << 16, '\0');
    const int size = zmq_recv(socket_, bytes.data(), bytes.size(), 0);
    if (size < 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(size));
    return bytes;
  }

 private:
  void* context_;
  void* socket_;
};

}  // namespace espalier::test
