// What systemd wants to know of a service with Type=notify: sd_notify's protocol, a datagram to
// $NOTIFY_SOCKET. Does nothing where nobody asks.
#pragma once

#include <string>
#include <string_view>

namespace espalier {

class ServiceNotifier {
 public:
  // Reads the environment, and clears it: children are no services. Before there is a second thread.
  ServiceNotifier();

  void ready(std::string_view status) const;
  void status(std::string_view status) const;  // one line, for `systemctl status`
  void alive() const;                          // the watchdog is fed, if there is one
  void stopping() const;

 private:
  void send(const std::string& state) const;
  std::string socket_;  // empty: nobody asks
  bool watched_ = false;
};

}  // namespace espalier
