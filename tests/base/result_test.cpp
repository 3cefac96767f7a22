// SPDX-License-Identifier: Apache-2.0
#include "base/result.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <set>

namespace harka {
namespace {

BOOST_AUTO_TEST_CASE(a_value_is_ok) {
  const Result<int> result = 42;
  BOOST_TEST(result.ok());
  BOOST_TEST(result.value() == 42);
}

BOOST_AUTO_TEST_CASE(an_error_keeps_code_and_detail) {
  const Result<int> result = Error{Code::not_found, "no such key"};
  BOOST_TEST(!result);
  BOOST_TEST((result.error() == Error{Code::not_found, "no such key"}));
}

BOOST_AUTO_TEST_CASE(asking_an_error_for_its_value_is_a_bug) {
  const Result<int> failed = Error{Code::corrupt, ""};
  BOOST_CHECK_THROW((void)failed.value(), Bug);
  const Result<int> fine = 1;
  BOOST_CHECK_THROW((void)fine.error(), Bug);
}

BOOST_AUTO_TEST_CASE(values_can_be_moved_out) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> owned = std::move(result).value();
  BOOST_TEST(*owned == 7);
}

BOOST_AUTO_TEST_CASE(success_without_a_value) {
  BOOST_TEST(Result<void>().ok());
  const Result<void> failed = Error{Code::io_failed, "disk full"};
  BOOST_TEST(!failed.ok());
  BOOST_TEST(failed.error().detail == "disk full");
}

BOOST_AUTO_TEST_CASE(every_code_has_its_own_name) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Code::refused_to_protect); ++code) {
    BOOST_TEST(names.insert(name_of(static_cast<Code>(code))).second);
  }
  BOOST_TEST(names.contains("retry_later"));
}

BOOST_AUTO_TEST_CASE(a_failed_assertion_says_what_and_where) {
  const auto names_the_condition = [](const Bug& bug) {
    return std::string_view(bug.what()).find("1 == 2") != std::string_view::npos;
  };
  BOOST_CHECK_EXCEPTION(ASSERT(1 == 2), Bug, names_the_condition);
  BOOST_CHECK_NO_THROW(ASSERT(1 == 1));
}

}  // namespace
}  // namespace harka
