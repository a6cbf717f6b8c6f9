// What those who try their luck with the HTTP side have at hand: bytes instead of a library, and
// certificates.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "tests/system/counts.hpp"
#include "tests/system/running_system.hpp"

namespace espalier::test {

// One connection, as bytes.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(io_) {
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
  }
  bool say(std::string_view bytes) {
    boost::system::error_code failure;
    boost::asio::write(socket_, boost::asio::buffer(bytes), failure);
    return !failure;
  }
  // All that comes until `mark`, or until the connection ends, or nothing has come for `patience`.
  std::string hear(std::string_view mark = {}, std::chrono::seconds patience = std::chrono::seconds(60)) {
    return hear_until([&] { return !mark.empty() && heard_.find(mark) != std::string::npos; }, patience);
  }
  template <class IsEnough>
  std::string hear_until(IsEnough is_enough, std::chrono::seconds patience) {
    timed_out_ = false;
    while (!is_enough()) {
      char piece[4096];
      boost::system::error_code failure = boost::asio::error::timed_out;
      std::size_t bytes = 0;
      socket_.async_read_some(boost::asio::buffer(piece),
                              [&](boost::system::error_code ended, std::size_t count) {
                                failure = ended;
                                bytes = count;
                              });
      io_.restart();
      io_.run_for(patience);
      if (!io_.stopped()) {
        socket_.cancel();
        io_.run();
        timed_out_ = true;
      }
      heard_.append(piece, bytes);
      ended_ = static_cast<bool>(failure);
      if (failure) break;
    }
    return heard_;
  }
  // The status of the answer to a request, which is heard to its end if it says where that is; 0 if there is
  // none.
  int ask(std::string_view request) {
    heard_.clear();
    say(request);
    const auto answer = hear("\r\n\r\n");
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    const auto end = answer.find("\r\n\r\n");
    if (const auto length = answer.find(kLength); length < end && !request.starts_with("HEAD ")) {
      const auto whole = end + 4 + std::stoul(answer.substr(length + kLength.size(), 12));
      hear_until([&] { return heard_.size() >= whole; }, std::chrono::seconds(60));
    }
    return answer.size() > 12 && answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
  }
  [[nodiscard]] bool ended() const { return ended_ && !timed_out_; }  // by the other side

 private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  std::string heard_;
  bool ended_ = false;
  bool timed_out_ = false;
};

inline std::uint16_t port_of(const RunningSystem& system) {
  const auto http = system.address("http").value();
  return static_cast<std::uint16_t>(std::stoi(http.substr(http.rfind(':') + 1)));
}

inline std::string request_line(std::string_view method, std::string_view target,
                                std::string_view more = {}) {
  return fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n{}\r\n", method, target,
                     more);
}

inline std::int64_t refused(const RunningSystem& system, const std::string& reason) {
  return metric(system, fmt::format("espalier_requests_refused_total{{reason=\"{}\"}}", reason));
}

// Of the database, so that it works before and while a coordinator does.
inline std::string make_token(const RunningSystem& system, const std::string& name, const std::string& role,
                              const std::string& days = "1") {
  const auto made = system.sandbox().run({"tokens", "add", name, "--role", role, "--days", days});
  EXPECT_EQ(made.exit.code, 0) << made.errors;
  return made.output.substr(0, made.output.find('\n'));
}

struct CertificateFiles {
  std::string certificate;
  std::string key;
};

// Signed by itself, for 127.0.0.1.
inline CertificateFiles make_certificate(const std::filesystem::path& folder, const std::string& name) {
  CertificateFiles files{folder / (name + ".pem"), folder / (name + ".key")};
  ChildOptions openssl;
  openssl.arguments = {"openssl",
                       "req",
                       "-x509",
                       "-newkey",
                       "ec",
                       "-pkeyopt",
                       "ec_paramgen_curve:P-256",
                       "-noenc",
                       "-days",
                       "2",
                       "-subj",
                       "/CN=" + name,
                       "-addext",
                       "subjectAltName=IP:127.0.0.1",
                       "-keyout",
                       files.key,
                       "-out",
                       files.certificate};
  openssl.error_file = folder / "openssl.err";
  const auto made = run_to_end(openssl, std::chrono::seconds(60));
  EXPECT_TRUE(made && made->exit.succeeded()) << "is openssl installed?";
  std::filesystem::permissions(files.key, std::filesystem::perms(0600));
  return files;
}

// Tells how the command line fared with a token in its environment.
inline Ran run_with_token(const RunningSystem& system, std::vector<std::string> arguments,
                          const std::string& token) {
  auto options = system.sandbox().options(std::move(arguments));
  options.environment.emplace_back("ESPALIER_TOKEN", token);
  return system.sandbox().run(std::move(options));
}

}  // namespace espalier::test
