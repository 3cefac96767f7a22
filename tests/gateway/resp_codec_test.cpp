// SPDX-License-Identifier: Apache-2.0
// Requests in all their spellings, and Redis's protocol errors.
#include "gateway/resp_codec.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace harka;
using namespace harka::gateway;
using Status = RequestParser::Status;

namespace {

struct Parsed {
  std::string commands;  // words joined by '|', commands by '\n'
  std::string error;
  friend bool operator==(const Parsed&, const Parsed&) = default;
};

Parsed parse(std::string_view bytes, std::size_t step, bool is_authenticated = true) {
  Parsed parsed;
  RequestParser parser;
  parser.set_authenticated(is_authenticated);
  std::string buffer;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    buffer.append(bytes.substr(at, step));
    for (Status status = parser.next(buffer); status != Status::need_more;
         status = parser.next(buffer)) {
      if (status == Status::error) {
        parsed.error = parser.error();
        return parsed;
      }
      for (const std::string_view word : parser.arguments())
        parsed.commands.append(word).append("|");
      if (!parser.arguments().empty()) parsed.commands.append("\n");
      buffer.erase(0, parser.consumed());
    }
  }
  return parsed;
}

struct ErrorCase {
  std::string bytes;
  std::string error;
};

std::ostream& operator<<(std::ostream& out, const ErrorCase& given) {
  return out << given.error;
}

const ErrorCase error_cases[] = {
    {"*x\r\n", "invalid multibulk length"},
    {"*1048577\r\n", "invalid multibulk length"},
    {"*1\r\n:1\r\n", "expected '$', got ':'"},
    {"*1\r\n$x\r\n", "invalid bulk length"},
    {"*1\r\n$-1\r\n", "invalid bulk length"},
    {"*1\r\n$16777217\r\n", "invalid bulk length"},
    {"GET \"open\r\n", "unbalanced quotes in request"},
    {"ECHO \"a\"b\r\n", "unbalanced quotes in request"},
    {std::string(70000, 'A'), "too big inline request"},
    {"*" + std::string(70000, '1'), "too big mbulk count string"},
    {"*1\r\n$" + std::string(70000, '1'), "too big bulk count string"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(resp_codec)

BOOST_AUTO_TEST_CASE(every_cut_gives_the_same_commands) {
  const std::string_view bytes =
      "*2\r\n$3\r\nGET\r\n$1\r\nk\r\nset k \"a\\x41 b\" 'c d'\r\n*0\r\n\r\n*1\r\n$0\r\n\r\nPING\n";
  const Parsed whole = parse(bytes, bytes.size());
  BOOST_TEST(whole.commands == "GET|k|\nset|k|aA b|c d|\n|\nPING|\n");
  for (std::size_t step = 1; step < bytes.size(); ++step) {
    BOOST_TEST((parse(bytes, step) == whole));
  }
}

BOOST_DATA_TEST_CASE(malformed_requests_get_redis_own_errors, error_cases) {
  BOOST_TEST(parse(sample.bytes, sample.bytes.size()).error == "Protocol error: " + sample.error);
  BOOST_TEST(parse(sample.bytes, 1000).error == "Protocol error: " + sample.error);
}

BOOST_AUTO_TEST_CASE(strangers_may_send_little) {
  BOOST_TEST(
      parse("*11\r\n", 5, false).error == "Protocol error: unauthenticated multibulk length");
  BOOST_TEST(
      parse("*1\r\n$16385\r\n", 5, false).error == "Protocol error: unauthenticated bulk length");
  BOOST_TEST(parse("*11\r\n", 5, true).error.empty());
}

BOOST_AUTO_TEST_CASE(arguments_are_views_into_the_input) {
  const std::string_view bytes = "*1\r\n$4\r\nPING\r\n";
  RequestParser parser;
  BOOST_REQUIRE((parser.next(bytes) == Status::command));
  BOOST_TEST(parser.arguments()[0].data() == bytes.data() + 8);
  BOOST_TEST(parser.consumed() == bytes.size());
}

BOOST_AUTO_TEST_CASE(a_large_bulk_tells_how_much_room_it_needs) {
  RequestParser parser;
  BOOST_REQUIRE((parser.next("*1\r\n$1000\r\nabc") == Status::need_more));
  BOOST_TEST(parser.expected() == 11U + 1000U + 2U);
}

BOOST_AUTO_TEST_CASE(a_command_is_bounded_as_a_whole) {
  ParserLimits small;
  small.command_bytes_max = 10;
  RequestParser parser(small);
  BOOST_REQUIRE((parser.next("*2\r\n$6\r\nabcdef\r\n$6\r\n") == Status::error));
}

BOOST_AUTO_TEST_SUITE_END()
