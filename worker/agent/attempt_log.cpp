#include "worker/agent/attempt_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

namespace espalier::agent {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::int64_t size_of(const std::filesystem::path& file) {
  std::error_code absent;
  const auto size = std::filesystem::file_size(file, absent);
  return absent ? 0 : static_cast<std::int64_t>(size);
}

// Bytes of the character that begins at `at`: 0 if none does, more than there are if it is cut.
std::size_t length_at(const std::string& bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto first = byte(at);
  if (first == 0) return 0;
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 && first < 0xF5   ? 4
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xC2 && first < 0xE0 ? 2
                                                             : 0;
  for (std::size_t i = 1; i < length && at + i < bytes.size(); ++i)
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  if (length < 3 || at + 1 >= bytes.size()) return length;
  // Overlong forms, surrogates, and what lies beyond the last code point.
  const auto second = byte(at + 1);
  const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                     (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return wrong ? 0 : length;
}

}  // namespace

std::string clean_utf8(const std::string& bytes, bool last, std::size_t& used) {
  std::string text;
  text.reserve(bytes.size());
  for (used = 0; used < bytes.size();) {
    const auto length = length_at(bytes, used);
    const bool cut = length > bytes.size() - used;
    if (cut && !last) break;
    if (length == 0 || cut) {
      text += kReplacement;
      ++used;
    } else {
      text.append(bytes, used, length);
      used += length;
    }
  }
  return text;
}

std::optional<LogPiece> AttemptLog::tell(std::string text) {
  if (text.empty()) return std::nullopt;
  LogPiece piece{told_, std::move(text)};
  told_ += static_cast<std::int64_t>(piece.text.size());
  return piece;
}

std::optional<LogPiece> AttemptLog::next(bool ended) {
  const auto size = size_of(file_);
  if (!in_tail_ && read_ >= limits_.head_bytes) {
    if (!ended) return std::nullopt;
    in_tail_ = true;
    const auto left_out = size - read_ - limits_.tail_bytes;
    if (left_out > 0) {
      read_ += left_out;
      return tell(fmt::format("\n[{} bytes were left out here]\n", left_out));
    }
  }
  const auto most =
      in_tail_ ? limits_.piece_bytes : std::min(limits_.piece_bytes, limits_.head_bytes - read_);
  const auto wanted = std::min(most, size - read_);
  if (wanted <= 0) return std::nullopt;
  std::ifstream file(file_, std::ios::binary);
  file.seekg(read_);
  std::string bytes(static_cast<std::size_t>(wanted), '\0');
  file.read(bytes.data(), wanted);
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  const bool last = ended && read_ + wanted == size;
  std::size_t used = 0;
  // A character cut by the end of the head is told as two halves that are none, rather than waited for.
  auto text = clean_utf8(bytes, last || read_ + wanted == limits_.head_bytes, used);
  read_ += static_cast<std::int64_t>(used);
  return tell(std::move(text));
}

}  // namespace espalier::agent
