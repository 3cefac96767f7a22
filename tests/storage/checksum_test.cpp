// SPDX-License-Identifier: Apache-2.0
// RFC 3720, appendix B.4.
#include "storage/checksum.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using harka::storage::crc32c;

BOOST_AUTO_TEST_SUITE(checksum)

BOOST_AUTO_TEST_CASE(known_vectors_have_their_known_sums) {
  BOOST_TEST(crc32c(std::string(32, '\0')) == 0x8a9136aaU);
  BOOST_TEST(crc32c(std::string(32, '\xff')) == 0x62a8ab43U);
  BOOST_TEST(crc32c("123456789") == 0xe3069283U);
}

BOOST_AUTO_TEST_CASE(a_sum_can_be_continued) {
  BOOST_TEST(crc32c("56789", crc32c("1234")) == crc32c("123456789"));
}

BOOST_AUTO_TEST_SUITE_END()
