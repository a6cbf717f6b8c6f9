// What a runner writes while it has one attempt, as the text that is told to the coordinator: valid UTF-8,
// and bounded. Of a long log the head is told while it grows; its tail follows at the end, after a line that
// says what was left out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace espalier::agent {

struct LogLimits {
  std::int64_t head_bytes = std::int64_t{768} << 10;
  std::int64_t tail_bytes = std::int64_t{256} << 10;
  std::int64_t piece_bytes = std::int64_t{48} << 10;  // of one message
};

struct LogPiece {
  std::int64_t offset = 0;  // in the text told
  std::string text;
};

// Whatever isn't UTF-8, and zero bytes, become U+FFFD. A character that is cut at the end is left for the
// next time unless `last`; `used` says how many bytes were taken.
std::string clean_utf8(const std::string& bytes, bool last, std::size_t& used);

class AttemptLog {
 public:
  explicit AttemptLog(std::filesystem::path file, LogLimits limits = {})
      : file_(std::move(file)), limits_(limits) {}

  // The next piece that may be told now; unset if there is none. `ended`: the runner writes no more. Reads
  // the file: for the disk's threads, one call at a time.
  std::optional<LogPiece> next(bool ended);

 private:
  std::optional<LogPiece> tell(std::string text);
  std::filesystem::path file_;
  LogLimits limits_;
  std::int64_t read_ = 0;  // bytes of the file that were told or left out
  std::int64_t told_ = 0;  // bytes of text
  bool in_tail_ = false;
};

}  // namespace espalier::agent
