// SPDX-License-Identifier: Apache-2.0
#include "admin/failures.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

namespace harka::admin {

BOOST_AUTO_TEST_SUITE(failures_table)

BOOST_AUTO_TEST_CASE(ids_are_unique_and_begin_with_their_exit_code) {
  std::set<std::string_view> ids;
  for (const Failure& known : failures()) {
    BOOST_TEST(ids.insert(known.id).second, known.id << " is there twice");
    BOOST_REQUIRE_EQUAL(known.id.size(), 6U);
    const char digit = known.exit_code == exit_bug ? '8'
                       : known.exit_code == exit_disk_failed
                           ? '9'
                           : static_cast<char>('0' + known.exit_code);
    BOOST_TEST(known.id[2] == digit, known.id);
    BOOST_TEST(!known.title.empty());
    BOOST_TEST(!known.meaning.empty());
    BOOST_TEST(!known.remedy.empty());
  }
}

BOOST_AUTO_TEST_CASE(an_id_is_found_in_any_case_and_only_whole) {
  BOOST_TEST(find_failure("hk3001") == find_failure("HK3001"));
  BOOST_TEST(find_failure("HK3001") != nullptr);
  BOOST_TEST(find_failure("HK300") == nullptr);
  BOOST_TEST(find_failure("") == nullptr);
}

BOOST_AUTO_TEST_CASE(each_exit_code_of_an_answer_has_a_failure_with_it) {
  for (const int exit_code : {1, 2, 3, 4, 5, 6, 7, 70, 74}) {
    BOOST_TEST(failure_of_exit(exit_code).exit_code == exit_code);
  }
  BOOST_TEST(failure_of_exit(99).exit_code == exit_bug);
}

BOOST_AUTO_TEST_CASE(an_error_says_what_failed_what_to_do_and_where_to_read_more) {
  const std::string text = error_text(failure("HK2003"), "port 7401 is held by redis-server");
  for (const char* part :
       {"harka: port 7401 is held by redis-server\n", "--port-base", "harka explain HK2003"}) {
    BOOST_TEST(text.find(part) != std::string::npos, part);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace harka::admin
