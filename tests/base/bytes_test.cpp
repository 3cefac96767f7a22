// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.hpp"

#include <boost/test/unit_test.hpp>

namespace harka {
namespace {

BOOST_AUTO_TEST_CASE(copies_share_memory) {
  const SharedBytes bytes(std::string(100, 'x'));
  const SharedBytes copy = bytes;
  BOOST_TEST(copy.data() == bytes.data());
  BOOST_TEST(copy.owner() == bytes.owner());
}

BOOST_AUTO_TEST_CASE(a_slice_outlives_what_it_was_cut_from) {
  SharedBytes slice;
  {
    const SharedBytes bytes(std::string("hello world"));
    slice = bytes.slice(6, 5);
  }
  BOOST_TEST(slice.view() == "world");
}

BOOST_AUTO_TEST_CASE(short_text_is_kept_too) {
  SharedBytes bytes = SharedBytes::copy_of("ab");  // fits into std::string itself
  const SharedBytes moved = std::move(bytes);
  BOOST_TEST(moved.view() == "ab");
}

BOOST_AUTO_TEST_CASE(equality_is_by_content) {
  BOOST_TEST((SharedBytes::copy_of("a") == SharedBytes::copy_of("a")));
  BOOST_TEST(!(SharedBytes::copy_of("a") == SharedBytes::copy_of("b")));
  BOOST_TEST((SharedBytes() == SharedBytes::copy_of("")));
}

BOOST_AUTO_TEST_CASE(empty_bytes_are_empty) {
  BOOST_TEST(SharedBytes().empty());
  BOOST_TEST(SharedBytes().size() == 0U);
}

}  // namespace
}  // namespace harka
