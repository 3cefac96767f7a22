// SPDX-License-Identifier: Apache-2.0
// The formats of recorded histories, and what is said about a line that is none.
#include "sim/history.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka::sim;

namespace {

std::string mistake_in(std::string_view text) {
  const auto history = history_of_json(text);
  return history.ok() ? "" : history.error().detail;
}

constexpr std::string_view sound =
    R"({"client": 3, "op": "write", "key": "k", "value": 7, "outcome": "ok", "start_ns": 1, "end_ns": 9})"
    "\n\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(history)

BOOST_AUTO_TEST_CASE(rows_of_registers_are_read) {
  const auto history = history_of_json(
      std::string(sound) +
      R"({"client":4,"op":"read","key":"k","value":null,"outcome":"ok","start_ns":2,"end_ns":3}
{"client":4,"op":"cas","key":"k","expected":"7","value":"8","outcome":"unknown","start_ns":4,"end_ns":null}
{"client":4,"op":"cas","key":"k","expected":"7","value":"9","outcome":"refused","start_ns":5,"end_ns":6}
{"client":4,"op":"write","key":"k","value":"x","outcome":"fail","start_ns":7,"end_ns":null})");
  BOOST_REQUIRE(history.ok());
  const auto& operations = history.value().operations;
  BOOST_REQUIRE_EQUAL(operations.size(), 4U);
  BOOST_TEST((operations[0].act == Act::write && operations[0].value == "7"));
  BOOST_TEST(operations[0].client == 3U);
  BOOST_TEST((operations[0].start == 1 && operations[0].end == 9));
  BOOST_TEST((operations[1].act == Act::read && !operations[1].value));
  BOOST_TEST((operations[2].act == Act::compare_and_set && operations[2].expected == "7"));
  BOOST_TEST(!operations[2].end.has_value());
  BOOST_TEST((operations[3].act == Act::mismatch && operations[3].expected == "7"));
}

BOOST_AUTO_TEST_CASE(rows_of_transactions_are_read) {
  const auto history = history_of_json(
      R"({"client":1,"op":"txn","txn":[["append","x",1],["r","x",[1,"b"]],["r","y",null]],"outcome":"ok","start_ns":1,"end_ns":2}
{"client":1,"op":"txn","txn":[],"outcome":"fail","start_ns":1,"end_ns":2}
{"client":1,"op":"txn","txn":[],"outcome":"unknown","start_ns":1,"end_ns":null})");
  BOOST_REQUIRE(history.ok());
  const auto& transactions = history.value().transactions;
  BOOST_REQUIRE_EQUAL(transactions.size(), 3U);
  BOOST_REQUIRE_EQUAL(transactions[0].acts.size(), 3U);
  BOOST_TEST((transactions[0].acts[0].appended == "1"));
  BOOST_TEST((transactions[0].acts[1].seen == std::vector<std::string>{"1", "b"}));
  BOOST_TEST((!transactions[0].acts[2].appended && !transactions[0].acts[2].seen));
  BOOST_TEST((transactions[1].outcome == Transaction::Outcome::aborted));
  BOOST_TEST((transactions[2].outcome == Transaction::Outcome::unknown));
}

BOOST_AUTO_TEST_CASE(a_line_that_is_none_is_named) {
  BOOST_TEST(mistake_in(std::string(sound) + "{").starts_with("3: "));
  BOOST_TEST(mistake_in(std::string(sound) + "7").starts_with("3: not a JSON object"));
  const auto with = [](std::string_view part) {
    return mistake_in(
        R"({"client":1,"key":"k","value":"v","start_ns":5,)" + std::string(part) + "}");
  };
  BOOST_TEST(with(R"("op":"write","outcome":"ok","end_ns":4)") == "1: it ends before it starts");
  BOOST_TEST(with(R"("op":"sing","outcome":"ok","end_ns":6)").starts_with("1: op is read, write"));
  BOOST_TEST(with(R"("op":"read","outcome":"perhaps","end_ns":6)").starts_with("1: outcome is ok"));
  BOOST_TEST(with(R"("op":"read","outcome":"refused","end_ns":6)").starts_with("1: only a cas"));
  BOOST_TEST(with(R"("op":"read","outcome":"ok","end_ns":null)").starts_with("1: "));
  BOOST_TEST(with(R"("op":"read","end_ns":6)").starts_with("1: "));
  BOOST_TEST(
      mistake_in(
          std::string(sound) +
          R"({"client":1,"op":"txn","txn":[],"outcome":"ok","start_ns":1,"end_ns":2})") ==
      "3: registers and transactions in one history");
}

BOOST_AUTO_TEST_CASE(a_log_of_jepsen_is_read_in_the_order_of_its_lines) {
  const auto history = history_of_jepsen(
      "INFO  jepsen.util - 0\t:invoke\t:write\t4\n"
      "INFO  jepsen.util - :nemesis\t:info\t:start\tnil\n"
      "INFO  jepsen.util - 1\t:invoke\t:cas\t[4 5]\n"
      "INFO  jepsen.util - 0\t:ok\t:write\t4\r\n"
      "INFO  jepsen.util - 1\t:fail\t:cas\t[4 5]\n"
      "INFO  jepsen.util - 2\t:invoke\t:read\tnil\n"
      "INFO  jepsen.util - 2\t:ok\t:read\t4\n"
      "INFO  jepsen.util - 3\t:invoke\t:write\t6\n"
      "INFO  jepsen.util - 3\t:info\t:write\t:timed-out\n"
      "INFO  jepsen.util - 4\t:invoke\t:write\t7\n");
  BOOST_REQUIRE(history.ok());
  const auto& operations = history.value().operations;
  BOOST_REQUIRE_EQUAL(operations.size(), 5U);
  BOOST_TEST((operations[0].value == "4" && operations[0].start == 1 && operations[0].end == 4));
  BOOST_TEST((operations[1].act == Act::mismatch && operations[1].expected == "4"));
  BOOST_TEST((operations[2].act == Act::read && operations[2].value == "4"));
  BOOST_TEST((operations[3].value == "6" && !operations[3].end));
  BOOST_TEST((operations[4].value == "7" && !operations[4].end));
}

BOOST_AUTO_TEST_CASE(a_line_that_is_none_of_jepsens_is_named) {
  const auto mistake = [](std::string_view line) {
    const auto history =
        history_of_jepsen("INFO  jepsen.util - 0\t:invoke\t:read\tnil\n" + std::string(line));
    return history.ok() ? "" : history.error().detail;
  };
  BOOST_TEST(mistake("hello") == "2: not a line of jepsen.util");
  BOOST_TEST(
      mistake("INFO  jepsen.util - 0\t:invoke\t:read\tnil") ==
      "2: this process has an operation under way");
  BOOST_TEST(
      mistake("INFO  jepsen.util - 1\t:ok\t:read\t4") ==
      "2: this process has no operation under way");
  BOOST_TEST(mistake("INFO  jepsen.util - 1\t:invoke\t:cas\t4").starts_with("2: :cas needs"));
  BOOST_TEST(mistake("INFO  jepsen.util - 1\t:invoke\t:cas\t").starts_with("2: :cas needs"));
  BOOST_TEST(mistake("INFO  jepsen.util - 1\t:invoke\t:dance\t4").starts_with("2: neither :read"));
  BOOST_TEST(mistake("INFO  jepsen.util - 0\t:maybe\t:read\t4").starts_with("2: neither :invoke"));
  BOOST_TEST(mistake("INFO  jepsen.util - x\t:ok\t:read\t4").starts_with("2: not the number"));
}

BOOST_AUTO_TEST_SUITE_END()
