#include "common/job/source_text.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>

namespace espalier::job {
namespace {

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

Span place_of(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
  const auto on_line = before.substr(line_start);
  const auto column =
      static_cast<int>(std::count_if(on_line.begin(), on_line.end(), [](char c) { return !continues(c); }));
  return {line, column + 1, column + 2};
}

// Length of the well-formed UTF-8 sequence at the start (RFC 3629: no overlong forms, no surrogates); 0 if
// none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto lead = byte(0);
  if (lead < 0x80U) return 1;
  const std::size_t length = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : 2;
  if (lead < 0xC2U || lead > 0xF4U || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(text[i])) return 0;
  }
  const auto second = byte(1);
  if ((lead == 0xE0U && second < 0xA0U) || (lead == 0xEDU && second > 0x9FU)) return 0;
  if ((lead == 0xF0U && second < 0x90U) || (lead == 0xF4U && second > 0x8FU)) return 0;
  return length;
}

// Past the quoted text that starts at `offset`, in any of TOML's four forms; the text's end if it is not
// closed.
std::size_t skip_quoted(std::string_view text, std::size_t offset) {
  const char quote = text[offset];
  const std::string three(3, quote);
  const bool multi_line = text.substr(offset, 3) == three;
  std::size_t i = offset + (multi_line ? 3 : 1);
  while (i < text.size()) {
    if (quote == '"' && text[i] == '\\') {
      i += 2;
    } else if (multi_line ? text.substr(i, 3) == three : text[i] == quote) {
      return i + (multi_line ? 3 : 1);
    } else if (!multi_line && text[i] == '\n') {
      return i;
    } else {
      ++i;
    }
  }
  return text.size();
}

// The bytes of the source before a line and column.
std::size_t offset_of(std::string_view source, Span place) {
  std::size_t offset = 0;
  for (int line = 1; line < place.line; ++line)
    offset = std::min(source.find('\n', offset), source.size() - 1) + 1;
  for (int column = 1; column < place.column && offset < source.size(); ++column) {
    ++offset;
    while (offset < source.size() && continues(source[offset])) ++offset;
  }
  return offset;
}

std::size_t utf8_length(std::string_view hexadecimal) {
  std::uint32_t code = 0;
  std::from_chars(hexadecimal.data(), hexadecimal.data() + hexadecimal.size(), code, 16);
  return code < 0x80U ? 1 : code < 0x800U ? 2 : code < 0x10000U ? 3 : 4;
}

// A piece of a text between its quotes: the bytes it is written with, and those it reads as.
struct Piece {
  std::size_t written = 1;
  std::size_t read = 1;
};

Piece escaped_piece(std::string_view rest) {  // begins with `\`
  const char letter = rest.size() > 1 ? rest[1] : ' ';
  const std::size_t digits = letter == 'u' ? 4 : letter == 'U' ? 8 : letter == 'x' ? 2 : 0;
  if (digits > 0) return {2 + digits, utf8_length(rest.substr(2, digits))};
  if (letter != ' ' && letter != '\t' && letter != '\r' && letter != '\n') return {2, 1};
  return {std::min(rest.find_first_not_of(" \t\r\n", 1), rest.size()), 0};  // the line goes on below
}

Piece piece_at(std::string_view rest, bool has_escapes) {
  if (has_escapes && rest.front() == '\\') return escaped_piece(rest);
  if (rest.starts_with("\r\n")) return {2, 1};
  return {};
}

}  // namespace

std::vector<int> line_lengths(std::string_view text) {
  std::vector<int> lengths;
  for (;;) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lengths.push_back(
        static_cast<int>(std::count_if(line.begin(), line.end(), [](char c) { return !continues(c); })));
    if (end == std::string_view::npos) return lengths;
    text.remove_prefix(end + 1);
  }
}

std::optional<Span> first_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto length = sequence_length(text.substr(i));
    if (length == 0) return place_of(text, i);
    i += length;
  }
  return std::nullopt;
}

std::optional<Span> first_deep_key(std::string_view text) {
  constexpr int kMostParts = 32;
  int dots = 0;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      i = skip_quoted(text, i);
      continue;
    }
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
      continue;
    }
    if (c == '.') {
      if (++dots >= kMostParts) return place_of(text, i);
    } else if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_' && c != ' ' &&
               c != '\t') {
      dots = 0;
    }
    ++i;
  }
  return std::nullopt;
}

Span span_within(std::string_view source, Span text, std::size_t offset, std::size_t length) {
  auto at = offset_of(source, text);
  if (at >= source.size()) return text;
  const char quote = source[at];
  const bool is_multi_line = source.substr(at, 3) == std::string(3, quote);
  const auto end = skip_quoted(source, at) - (is_multi_line ? 3 : 1);
  at += is_multi_line ? 3 : 1;
  if (is_multi_line && source.substr(at).starts_with('\r')) ++at;
  if (is_multi_line && source.substr(at).starts_with('\n'))
    ++at;  // right after the quotes it is no part of the text
  std::size_t read = 0;
  const auto go_to = [&](std::size_t target, bool past_it) {
    while (at < end) {
      const auto piece = piece_at(source.substr(at, end - at), quote == '"');
      if (past_it ? read >= target : read + piece.read > target) return;
      at += piece.written;
      read += piece.read;
    }
  };
  go_to(offset, false);
  auto span = place_of(source, at);
  const auto begin = at;
  go_to(offset + length, true);
  const auto written = source.substr(begin, std::min(at, source.find('\n', begin)) - begin);
  const auto columns = std::count_if(written.begin(), written.end(), [](char c) { return !continues(c); });
  span.end_column = span.column + std::max(1, static_cast<int>(columns));
  return span;
}

}  // namespace espalier::job
