// SPDX-License-Identifier: Apache-2.0
#include "sim/fault_mix.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;
using namespace harka::sim;

namespace {

FaultMix everything() {
  FaultMix mix;
  mix.kinds.set();
  mix.interval_max = 100ms;
  return mix;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(faults)

BOOST_AUTO_TEST_CASE(every_kind_is_drawn_and_reads_back_as_it_was_written) {
  std::bitset<fault_kinds> seen;
  seen.set(static_cast<std::size_t>(FaultKind::heal));  // for people only
  for (const Fault& fault : draw_faults(everything(), Random(1), 5, 2, 100s)) {
    const Result<Fault> again = fault_of(text_of(fault));
    BOOST_REQUIRE(again.ok());
    BOOST_TEST((again.value() == fault), text_of(fault));
    seen.set(static_cast<std::size_t>(fault.kind));
  }
  BOOST_TEST(seen.all());
}

BOOST_AUTO_TEST_CASE(kinds_that_a_mix_lacks_are_not_drawn) {
  FaultMix mix = everything();
  mix.kinds.reset(static_cast<std::size_t>(FaultKind::rot));
  for (const Fault& fault : draw_faults(mix, Random(1), 5, 2, 100s)) {
    BOOST_TEST((fault.kind != FaultKind::rot));
  }
  BOOST_TEST(draw_faults(FaultMix{}, Random(1), 5, 2, 100s).empty());
}

BOOST_AUTO_TEST_CASE(a_line_that_is_no_fault_says_what_is_wrong) {
  const auto detail = [](std::string_view line) {
    const Result<Fault> read = fault_of(line);
    return read.ok() ? std::string("it was taken") : read.error().detail;
  };
  BOOST_TEST(detail("soon crash node 1").find("soon") != std::string::npos);
  BOOST_TEST(detail("1s explode node 1").find("no such fault: explode") != std::string::npos);
  BOOST_TEST(detail("1s crash node 0").find("no number of a node") != std::string::npos);
  BOOST_TEST(detail("1s crash node 1 others 1,,2").find("no list of nodes") != std::string::npos);
  BOOST_TEST(detail("1s crash node 1 for ever").find("no time") != std::string::npos);
  BOOST_TEST(detail("1s crash whom 1").find("'whom' is none of") != std::string::npos);
  BOOST_TEST(detail("1s crash node").find("pairs") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
