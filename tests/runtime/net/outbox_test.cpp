// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/outbox.hpp"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <string>

using namespace harka;
using namespace harka::net;

namespace {

constexpr std::size_t plenty = 1U << 30U;

Outbox::Append append(Outbox& outbox, std::size_t bytes, Instant now = Instant{}) {
  FrameHeader header;
  header.body_bytes = static_cast<std::uint32_t>(bytes);
  return outbox.append(header, std::string(bytes, 'x'), now);
}

std::size_t size_of(const Outbox::Taken& taken) {
  std::size_t size = 0;
  for (const auto& chunk : taken.chunks) size += chunk.size;
  return size;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(outbox)

BOOST_AUTO_TEST_CASE(a_closed_outbox_refuses_and_closing_drops_what_waits) {
  Outbox box(1000);
  BOOST_TEST((append(box, 8) == Outbox::Append::refused));
  box.open();
  BOOST_TEST((append(box, 8) == Outbox::Append::queued));
  box.close();
  BOOST_TEST(box.counts().bytes == 0U);
  BOOST_TEST((append(box, 8) == Outbox::Append::refused));
  BOOST_TEST(box.counts().refused == 2U);
}

BOOST_AUTO_TEST_CASE(beyond_its_bound_it_refuses_until_something_was_taken) {
  Outbox box(100);
  box.open();
  BOOST_TEST((append(box, 40) == Outbox::Append::queued));
  BOOST_TEST((append(box, 40) == Outbox::Append::refused));
  BOOST_TEST(size_of(box.take(plenty, Instant{})) == 72U);
  BOOST_TEST((append(box, 40) == Outbox::Append::queued));
}

BOOST_AUTO_TEST_CASE(one_frame_larger_than_the_bound_passes_an_empty_outbox) {
  Outbox box(100);
  box.open();
  BOOST_TEST((append(box, 4000) == Outbox::Append::queued));
  BOOST_TEST((append(box, 8) == Outbox::Append::refused));
}

BOOST_AUTO_TEST_CASE(only_the_first_append_after_the_writer_fell_asleep_wakes_it) {
  Outbox box(plenty);
  box.open();
  BOOST_TEST((append(box, 8) == Outbox::Append::queued));
  BOOST_TEST(box.take(plenty, Instant{}).chunks.size() == 1U);
  BOOST_TEST((append(box, 8) == Outbox::Append::queued));
  (void)box.take(plenty, Instant{});
  BOOST_TEST(box.take(plenty, Instant{}).chunks.empty());
  BOOST_TEST((append(box, 8) == Outbox::Append::queued_wake));
  BOOST_TEST((append(box, 8) == Outbox::Append::queued));
}

BOOST_AUTO_TEST_CASE(without_credit_only_internal_frames_leave_and_appends_do_not_wake) {
  Outbox box(plenty);
  box.open();
  (void)append(box, 8);
  BOOST_TEST(box.append_internal(FrameHeader{}, {}, Instant{}));
  BOOST_TEST(size_of(box.take(0, Instant{})) == sizeof(FrameHeader));
  BOOST_TEST(box.take(0, Instant{}).chunks.empty());
  BOOST_TEST((append(box, 8) == Outbox::Append::queued));
  const auto taken = box.take(1, Instant{});
  BOOST_TEST(taken.credit_bytes == 2 * (sizeof(FrameHeader) + 8));
}

BOOST_AUTO_TEST_CASE(a_delay_holds_frames_until_they_are_due_in_order) {
  Outbox box(plenty);
  box.open();
  box.set_delay(10ms);
  (void)append(box, 8, Instant{});
  (void)append(box, 16, Instant{5ms});
  const auto early = box.take(plenty, Instant{9ms});
  BOOST_TEST(early.chunks.empty());
  BOOST_TEST((early.next_due == Instant{10ms}));
  BOOST_TEST(size_of(box.take(plenty, Instant{10ms})) == sizeof(FrameHeader) + 8);
  const auto later = box.take(plenty, Instant{12ms});
  BOOST_TEST((later.next_due == Instant{15ms}));
  box.set_delay(Duration::zero());
  BOOST_TEST(size_of(box.take(plenty, Instant{12ms})) == sizeof(FrameHeader) + 16);
}

BOOST_AUTO_TEST_SUITE_END()
