// SPDX-License-Identifier: Apache-2.0
#include "base/json_writer.hpp"

#include "base/assert.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

namespace harka {
namespace {

BOOST_AUTO_TEST_CASE(objects_and_arrays_nest_with_commas) {
  JsonWriter json;
  json.begin_object().field("a", std::uint64_t{1}).key("b").begin_array();
  json.value("x").value(true).null().end().field("c", false).end();
  BOOST_TEST(json.take() == R"({"a":1,"b":["x",true,null],"c":false})");
}

BOOST_AUTO_TEST_CASE(text_is_escaped) {
  JsonWriter json;
  json.value(std::string_view("\"\\\n\x01", 4));
  BOOST_TEST(json.take() == R"("\"\\\u000a\u0001")");
}

BOOST_AUTO_TEST_CASE(utf8_goes_through_and_other_bytes_are_escaped) {
  JsonWriter json;
  json.begin_array().value("Z\u00fcrich \u20ac \U0001f600");
  for (const char* broken : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    json.value(broken);
  }
  json.end();
  BOOST_TEST(
      json.take() ==
      "[\"Z\u00fcrich \u20ac \U0001f600\",\"\\u00ff\",\"\\u00c3\",\"\\u00c0\\u00af\","
      "\"\\u00ed\\u00a0\\u0080\",\"\\u00f4\\u0090\\u0080\\u0080\"]");
}

BOOST_AUTO_TEST_CASE(what_is_not_a_number_becomes_null) {
  JsonWriter json;
  json.begin_array().value(std::numeric_limits<double>::quiet_NaN()).value(1.5).end();
  BOOST_TEST(json.take() == "[null,1.500]");
}

}  // namespace
}  // namespace harka
