#include <algorithm>
#include <array>
#include <cctype>

#include "coordinator/api/file_transfer.hpp"
#include "coordinator/api/routes.hpp"

namespace espalier::api {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

struct ContentType {
  std::string_view extension;
  std::string_view type;
};
constexpr std::array kContentTypes = {
    ContentType{".html", "text/html; charset=utf-8"},
    ContentType{".js", "text/javascript; charset=utf-8"},
    ContentType{".mjs", "text/javascript; charset=utf-8"},
    ContentType{".css", "text/css; charset=utf-8"},
    ContentType{".json", "application/json; charset=utf-8"},
    ContentType{".map", "application/json; charset=utf-8"},
    ContentType{".svg", "image/svg+xml"},
    ContentType{".png", "image/png"},
    ContentType{".ico", "image/x-icon"},
    ContentType{".woff2", "font/woff2"},
    ContentType{".txt", "text/plain; charset=utf-8"},
};

std::string content_type_of(const fs::path& path) {
  const auto extension = path.extension().string();
  const auto* const found = std::ranges::find(kContentTypes, extension, &ContentType::extension);
  return std::string(found == kContentTypes.end() ? "application/octet-stream" : found->type);
}

// "page-5WYNPHIS.js": the builder put a hash of the bytes into the name, so that the name never means other
// bytes.
bool is_named_by_its_bytes(const fs::path& path) {
  const auto stem = path.stem().string();
  constexpr std::size_t kDigits = 8;
  if (stem.size() <= kDigits || stem[stem.size() - kDigits - 1] != '-') return false;
  return std::all_of(stem.end() - kDigits, stem.end(),
                     [](unsigned char digit) { return std::isupper(digit) || std::isdigit(digit); });
}

// Unset if a segment could lead out of the folder or to a hidden file.
std::optional<fs::path> path_within(const fs::path& folder, const std::vector<std::string>& segments) {
  auto path = folder;
  for (const auto& segment : segments) {
    if (segment.empty() && &segment == &segments.back()) return path / "index.html";
    if (segment.empty() || segment.starts_with('.')) return std::nullopt;
    if (segment.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos) return std::nullopt;
    path /= segment;
  }
  return segments.empty() ? path / "index.html" : path;
}

// Symbolic links are followed first: none may lead out either.
bool lies_within(const fs::path& folder, const fs::path& path) {
  std::error_code failure;
  const auto real_folder = fs::canonical(folder, failure);
  if (failure) return false;
  const auto real_path = fs::canonical(path, failure);
  if (failure || !fs::is_regular_file(real_path, failure)) return false;
  return std::ranges::mismatch(real_folder, real_path).in1 == real_folder.end();
}

}  // namespace

asio::awaitable<void> get_static_file(Exchange* exchange) {
  const auto& folder = exchange->services().web_folder;
  const auto path = path_within(folder, exchange->segments());
  std::error_code none;
  if (!path || (fs::exists(*path, none) && !lies_within(folder, *path))) exchange->refuse(Refusal::path);
  if (!path || !lies_within(folder, *path)) {
    Error missing{ErrorKind::not_found, "there is no such page", ""};
    co_await exchange->send_error(std::move(missing));
    co_return;
  }
  std::error_code ignored;
  const auto written = fs::last_write_time(*path, ignored).time_since_epoch().count();
  std::string etag("\"");
  etag.append(std::to_string(fs::file_size(*path, ignored)))
      .append("-")
      .append(std::to_string(written))
      .append("\"");
  const auto* const cache = is_named_by_its_bytes(*path) ? "public, max-age=31536000, immutable" : "no-cache";
  FileToSend file{*path, content_type_of(*path), std::move(etag), cache};
  co_await send_file(exchange, std::move(file));
}

}  // namespace espalier::api
