#include "cli/live_progress.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/terminal_table.hpp"

namespace espalier::cli {
namespace {

constexpr std::chrono::seconds kLineInterval{5};

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string bar(double fraction, std::size_t width) {
  const auto filled = static_cast<std::size_t>(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width));
  std::string text;
  for (std::size_t i = 0; i < width; ++i) text += i < filled ? "█" : "░";
  return text;
}

std::string eta_of(const json::object& summary) {
  const auto& eta = summary.at("eta_s");
  if (!eta.is_number()) return "";
  return ", about " + in_words(std::chrono::seconds(static_cast<long>(eta.to_number<double>()))) + " left";
}

std::string trials_of(const json::object& trials) {
  auto text = fmt::format("{}/{} trials", trials.at("succeeded").to_number<int>(),
                          trials.at("total").to_number<int>());
  if (const auto failed = trials.at("failed").to_number<int>(); failed > 0)
    text += fmt::format(", {} failed", failed);
  return text;
}

// "; halving: 24 of 60 trials asked for, 8 up to rung 2, 3 up to rung 3"; empty for a job without one.
std::string search_of(const json::object& summary) {
  const auto* search = summary.if_contains("search");
  if (search == nullptr || !search->is_object()) return "";
  auto text = fmt::format("; {}: {} of {} trials asked for", search->at("strategy").as_string().c_str(),
                          search->at("trials").to_number<int>(), search->at("wanted").to_number<int>());
  if (search->at("generation").is_number())
    text += fmt::format(", generation {}", search->at("generation").to_number<int>());
  if (search->at("rungs").is_array()) {
    const auto& rungs = search->at("rungs").as_array();
    for (std::size_t rung = 1; rung < rungs.size(); ++rung)
      text += fmt::format(", {} up to rung {}", rungs[rung].to_number<int>(), rung + 1);
  }
  if (search->at("failure").is_string())
    return text + ", and it can't go on: " + search->at("failure").as_string().c_str();
  return text + (search->at("finished").as_bool() ? ", and that is all" : "");
}

std::string tasks_of(const json::object& tasks) {
  return fmt::format("{} tasks: {} executed, {} reused, {} running", tasks.at("total").to_number<int>(),
                     tasks.at("executed").to_number<int>(), tasks.at("reused").to_number<int>(),
                     tasks.at("running").to_number<int>());
}

}  // namespace

std::string in_words(std::chrono::seconds time) {
  const auto total = time.count();
  if (total < 60) return fmt::format("{} s", total);
  if (total < 3600) return fmt::format("{} min {} s", total / 60, total % 60);
  return fmt::format("{} h {} min", total / 3600, total / 60 % 60);
}

LiveProgress::LiveProgress(std::string page)
    : page_(std::move(page)), terminal_(::isatty(STDERR_FILENO) == 1) {
  if (!terminal_) fmt::print(stderr, "the page: {}\n", page_);
}

void LiveProgress::show(const json::object& summary) {
  terminal_ ? draw_bars(summary) : print_line(summary);
}

void LiveProgress::draw_bars(const json::object& summary) {
  const auto width = terminal_width();
  std::size_t name_width = 0;
  for (const auto& group : summary.at("groups").as_array())
    name_width = std::max(name_width, display_width(std::string(group.at("name").as_string())));
  const std::size_t bar_width =
      std::clamp<std::size_t>(width > name_width + 40 ? width - name_width - 40 : 10, 10, 40);
  std::string text = drawn_lines_ > 0 ? fmt::format("\x1b[{}F\x1b[J", drawn_lines_) : "";
  std::size_t lines = 0;
  for (const auto& entry : summary.at("groups").as_array()) {
    const auto& group = entry.as_object();
    const std::string name(group.at("name").as_string());
    const auto fraction = group.at("progress").to_number<double>();
    text += fmt::format("{}{}  {} {:3.0f} %  {}\n", name, std::string(name_width - display_width(name), ' '),
                        bar(fraction, bar_width), fraction * 100, trials_of(group.at("trials").as_object()));
    ++lines;
  }
  text += fmt::format("{}{}{}\n{}\n", tasks_of(summary.at("tasks").as_object()), search_of(summary),
                      eta_of(summary), page_);
  drawn_lines_ = lines + 2;
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void LiveProgress::print_line(const json::object& summary) {
  const auto now = std::chrono::steady_clock::now();
  const auto line =
      fmt::format("{:3.0f} %  {}, {}{}{}", summary.at("progress").to_number<double>() * 100,
                  trials_of(summary.at("trials").as_object()), tasks_of(summary.at("tasks").as_object()),
                  search_of(summary), eta_of(summary));
  const bool over = summary.at("finished_at").is_string();
  if (line == last_line_ || (now - last_printed_ < kLineInterval && !over)) return;
  fmt::print(stderr, "{:%H:%M:%S}  {}\n", fmt::gmtime(std::time(nullptr)), line);
  last_line_ = line;
  last_printed_ = now;
}

void LiveProgress::end() {
  drawn_lines_ = 0;
}

}  // namespace espalier::cli
