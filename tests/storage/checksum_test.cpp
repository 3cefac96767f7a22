// SPDX-License-Identifier: Apache-2.0
// RFC 3720, appendix B.4.
#include "storage/checksum.hpp"

#include "base/random.hpp"
#include "storage/crc_prefixes.hpp"
#include "storage/log_survey.hpp"

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

BOOST_AUTO_TEST_CASE(the_sum_of_any_stretch_follows_from_prefixes) {
  harka::Random random(7);
  std::string bytes(1000, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next());
  const harka::storage::CrcPrefixes sums(bytes);
  for (int round = 0; round < 2000; ++round) {
    const std::size_t begin = random.below(bytes.size() + 1);
    const std::size_t length = random.below(bytes.size() - begin + 1);
    const auto seed = static_cast<std::uint32_t>(random.next());
    const std::string_view stretch = std::string_view(bytes).substr(begin, length);
    BOOST_REQUIRE_EQUAL(sums.crc_of(begin, length, seed), crc32c(stretch, seed));
  }
}

/// Values may be made to look so, and lie where an earlier use of a segment left them. Summed up
/// one by one these would be two terabytes.
BOOST_AUTO_TEST_CASE(what_looks_like_long_records_costs_no_more_than_other_bytes) {
  harka::storage::RecordHead head;
  head.lap = 7;
  head.length = 4U << 20U;
  const std::string fake(reinterpret_cast<const char*>(&head), sizeof head);
  std::string segment;
  while (segment.size() < (20U << 20U)) segment += fake;
  int found = 0;
  harka::storage::for_each_record(
      segment, 0, harka::storage::RecordSeed(0), [&](std::uint64_t, const auto&, std::string_view) {
        ++found;
      });
  BOOST_TEST(found == 0);
}

BOOST_AUTO_TEST_SUITE_END()
