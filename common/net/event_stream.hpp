// Takes server-sent events out of a stream of bytes that arrives in any pieces (WHATWG HTML, "Server-sent
// events").
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace espalier::net {

struct StreamEvent {
  std::string event;  // "message" if the server gave no name
  std::string data;   // several data lines are joined by '\n'
};

class EventStreamParser {
 public:
  std::vector<StreamEvent> feed(std::string_view bytes);  // the events that these bytes complete

 private:
  void take_line(std::string_view line, std::vector<StreamEvent>& complete);
  std::string unfinished_line_;
  bool line_feed_follows_ = false;  // the last piece ended with '\r'
  std::string event_;
  std::string data_;
  bool has_data_ = false;
};

}  // namespace espalier::net
