// SPDX-License-Identifier: Apache-2.0
// Values as people write them.
#include "apps/values.hpp"

#include "tests/support/folder.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace harka::apps;

namespace {

std::string parsed(std::string_view text) {
  const auto address = parse_address(text);
  if (!address.ok()) return "(" + address.error().detail + ")";
  return address.value().host + " " + std::to_string(address.value().port);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(values)

BOOST_AUTO_TEST_CASE(an_address_is_a_name_or_number_with_a_port) {
  BOOST_TEST(parsed("n1.example:7401") == "n1.example 7401");
  BOOST_TEST(parsed("127.0.0.1:1") == "127.0.0.1 1");
  BOOST_TEST(parsed("nowhere").starts_with("('nowhere' is not host:port"));
  BOOST_TEST(parsed(":7401").starts_with("(':7401' is not host:port"));
  BOOST_TEST(parsed("n1:0").find("no port") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_ipv6_address_has_brackets_which_are_not_part_of_it) {
  BOOST_TEST(parsed("[::1]:7401") == "::1 7401");
  BOOST_TEST(parsed("::1:7401").find("needs brackets") != std::string::npos);
}

BOOST_DATA_TEST_CASE(
    only_this_machines_own_addresses_are_loopback,
    boost::unit_test::data::make({"127.0.0.1", "127.1.2.3", "::1", "localhost"}) ^
        boost::unit_test::data::make(
            {"128.0.0.1", "127.example.com", "::2", "localhost.example.com"}),
    own,
    other) {
  BOOST_TEST(is_loopback(own));
  BOOST_TEST(!is_loopback(other));
}

BOOST_AUTO_TEST_CASE(sizes_have_units_and_do_not_overflow) {
  BOOST_TEST(parse_bytes("4096").value() == 4096U);
  BOOST_TEST(parse_bytes("64KiB").value() == 64U << 10U);
  BOOST_TEST(parse_bytes("1GiB").value() == 1U << 30U);
  BOOST_TEST(!parse_bytes("99999999999GiB").ok());
  BOOST_TEST(!parse_bytes("MiB").ok());
  BOOST_TEST(!parse_bytes("-1").ok());
}

BOOST_AUTO_TEST_CASE(durations_have_units_and_end_with_a_day) {
  BOOST_TEST((parse_duration("250ms").value() == std::chrono::milliseconds(250)));
  BOOST_TEST((parse_duration("3s").value() == std::chrono::seconds(3)));
  BOOST_TEST(!parse_duration("3").ok());
  BOOST_TEST(!parse_duration("s").ok());
  BOOST_TEST(!parse_duration("86401s").ok());
}

BOOST_AUTO_TEST_CASE(a_first_line_ends_where_any_editor_ends_it) {
  const harka::testing::Folder folder;
  for (const char* text : {"secret", "secret\n", "secret\r\n", "secret\nmore\n"}) {
    const auto line = read_first_line(folder.write("password", text));
    BOOST_REQUIRE(line.ok());
    BOOST_TEST(line.value() == "secret");
  }
  for (const char* text : {"", "\n", "\r\nsecret\n"}) {
    BOOST_TEST(!read_first_line(folder.write("password", text)).ok());
  }
  const auto missing = read_first_line(folder.path + "/nowhere");
  BOOST_REQUIRE(!missing.ok());
  BOOST_TEST(
      missing.error().detail.find("/nowhere cannot be read: No such file") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_nearest_word_is_at_most_two_letters_away) {
  BOOST_TEST(nearest("nmae", {"data", "name"}) == "name");
  BOOST_TEST(nearest("frobnicate", {"data", "name"}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
