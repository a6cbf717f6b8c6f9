#include "common/net/event_stream.hpp"

#include <utility>

namespace espalier::net {

std::vector<StreamEvent> EventStreamParser::feed(std::string_view bytes) {
  std::vector<StreamEvent> complete;
  for (const char c : bytes) {
    const bool second_half = std::exchange(line_feed_follows_, c == '\r') && c == '\n';
    if (second_half) continue;
    if (c != '\n' && c != '\r') {
      unfinished_line_ += c;
      continue;
    }
    take_line(unfinished_line_, complete);
    unfinished_line_.clear();
  }
  return complete;
}

void EventStreamParser::take_line(std::string_view line, std::vector<StreamEvent>& complete) {
  if (line.empty()) {
    if (has_data_) complete.push_back({event_.empty() ? "message" : event_, std::move(data_)});
    event_.clear();
    data_.clear();
    has_data_ = false;
    return;
  }
  const auto colon = line.find(':');
  const auto field = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") event_ = value;
  if (field == "data") {
    if (std::exchange(has_data_, true)) data_ += '\n';
    data_ += value;
  }
}

}  // namespace espalier::net
