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

BOOST_AUTO_TEST_CASE(what_is_not_a_number_becomes_null) {
  JsonWriter json;
  json.begin_array().value(std::numeric_limits<double>::quiet_NaN()).value(1.5).end();
  BOOST_TEST(json.take() == "[null,1.500]");
}

}  // namespace
}  // namespace harka
