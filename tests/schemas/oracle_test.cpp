// SPDX-License-Identifier: Apache-2.0
// Our codec against Cap'n Proto's library: the same bytes for every message, and for any bytes the
// same value or the same refusal.
#include "tests/schemas/oracle.hpp"

#include "schemas/codec.hpp"
#include "schemas/wire_pointer.hpp"
#include "tests/schemas/random_message.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace harka {
namespace {

namespace data = boost::unit_test::data;

constexpr std::size_t word = wire::word_bytes;
const auto every_kind = data::xrange<std::size_t>(1, test::message_count);

const test::Oracle& oracle() {
  static const test::Oracle one;
  return one;
}

enum class Outcome { accepted, refused, not_ours };

/// Both decode these bytes alike; fails the test case otherwise.
Outcome compare(std::size_t place, std::uint16_t kind, std::string bytes) {
  const SharedBytes body(std::move(bytes));
  const Result<msg::Message> ours = msg::decode(kind, body);
  if (!ours.ok() && test::is_of_several_segments(body, ours.error())) return Outcome::not_ours;
  const Result<msg::Message> theirs = oracle().decode(place, body);
  BOOST_REQUIRE_MESSAGE(
      ours.ok() == theirs.ok(),
      msg::name_of_wire_kind(kind)
          << ": ours " << (ours.ok() ? "reads" : ours.error().detail) << ", theirs "
          << (theirs.ok() ? "reads" : theirs.error().detail));
  if (!ours.ok()) {
    BOOST_REQUIRE(ours.error().code == theirs.error().code);
    return Outcome::refused;
  }
  BOOST_REQUIRE(ours.value() == theirs.value());
  return Outcome::accepted;
}

/// One word as if it were a pointer: its target, its sizes or its kind a little beside.
std::uint64_t nudged(std::uint64_t value, Random& random) {
  const std::uint64_t step = random.chance(0.5) ? 1 : ~std::uint64_t{0};
  switch (random.below(6)) {
    case 0: return value + (step << 2U);   // the offset
    case 1: return value + (step << 32U);  // words of numbers, or the elements' size
    case 2: return value + (step << 35U);  // elements
    case 3: return value + (step << 48U);  // pointers
    case 4: return value ^ random.below(4);
    default: return 0;
  }
}

void set_segment_words(std::string& bytes) {
  wire::store(&bytes[4], static_cast<std::uint32_t>(bytes.size() / word - 1));
}

void damage(std::string& bytes, Random& random) {
  const std::size_t at = (1 + random.below(bytes.size() / word - 1)) * word;
  switch (random.below(6)) {
    case 0: bytes[random.below(bytes.size())] ^= static_cast<char>(1U << random.below(8)); return;
    case 1:
    case 2: wire::store(&bytes[at], nudged(wire::load<std::uint64_t>(&bytes[at]), random)); return;
    case 3: {  // another word of the message
      const std::size_t from = (1 + random.below(bytes.size() / word - 1)) * word;
      wire::store(&bytes[at], wire::load<std::uint64_t>(&bytes[from]));
      return;
    }
    case 4:  // the message ends early
      bytes.resize(at + word);
      return set_segment_words(bytes);
    default:  // or has more behind it
      bytes.append(word, '\x01');
      return set_segment_words(bytes);
  }
}

BOOST_DATA_TEST_CASE(every_message_has_the_bytes_of_the_library, every_kind, place) {
  Random random(place);
  for (int round = 0; round < 200; ++round) {
    const msg::Message message = test::random_message(place, random);
    BOOST_REQUIRE(msg::encode(message).view() == oracle().encode(message));
  }
}

BOOST_DATA_TEST_CASE(damaged_messages_decode_as_by_the_library, every_kind, place) {
  Random random(place + 5000);
  int accepted = 0;
  int refused = 0;
  for (int round = 0; round < 600; ++round) {
    const msg::Message message = test::random_message(place, random);
    std::string bytes(msg::encode(message).view());
    for (std::uint64_t times = 1 + random.below(4); times > 0; --times) damage(bytes, random);
    const Outcome outcome = compare(place, msg::wire_kind_of(message), std::move(bytes));
    accepted += outcome == Outcome::accepted ? 1 : 0;
    refused += outcome == Outcome::refused ? 1 : 0;
  }
  BOOST_TEST(accepted > 60);
  BOOST_TEST(refused > 60);
}

std::string encoded(const msg::Message& message) {
  return std::string(msg::encode(message).view());
}

/// Keys that are all one key: how much may be visited in all is bounded, by both at the same word.
BOOST_AUTO_TEST_CASE(amplified_messages_are_refused_from_the_same_size_on) {
  constexpr std::size_t list_at = 6;  // table, root pointer, three words of numbers, one pointer
  int accepted = 0;
  int refused = 0;
  for (std::size_t count = 1; count < 60; ++count) {
    for (std::size_t key_words = 1; key_words < 20; ++key_words) {
      msg::CacheRefresh message;
      message.keys.resize(count);
      message.keys[0] = SharedBytes(std::string(key_words * word, 'k'));
      std::string bytes = encoded(message);
      const auto first = wire::load<std::uint64_t>(&bytes[list_at * word]);
      for (std::size_t i = 1; i < count; ++i) {
        wire::store(&bytes[(list_at + i) * word], first - (i << 2U));  // offsets are relative
      }
      const msg::Message as_message = message;
      const Outcome outcome =
          compare(as_message.index(), msg::wire_kind_of(as_message), std::move(bytes));
      accepted += outcome == Outcome::accepted ? 1 : 0;
      refused += outcome == Outcome::refused ? 1 : 0;
    }
  }
  BOOST_TEST(accepted > 100);
  BOOST_TEST(refused > 100);
}

/// Elements without a size may be as many as one likes; each costs as much as a word.
BOOST_AUTO_TEST_CASE(lists_of_nothing_are_bounded_by_the_same_count) {
  constexpr std::size_t pointer_at = 7;  // table, root pointer, five words of numbers
  const msg::Message message = msg::AppendEntries{};
  int accepted = 0;
  for (std::size_t count = 0; count < 200; ++count) {
    std::string bytes = encoded(message);
    const auto nothing = wire::Pointer::to_list(0, wire::ElementSize::nothing, count);
    wire::store(&bytes[pointer_at * word], nothing.word());
    std::string tagged = bytes;
    const auto structs = wire::Pointer::to_list(0, wire::ElementSize::composite, 0);
    wire::store(&tagged[pointer_at * word], structs.word());
    tagged.append(word, '\0');
    wire::store(&tagged[tagged.size() - word], wire::Pointer::tag(count, {}).word());
    set_segment_words(tagged);
    const auto kind = msg::wire_kind_of(message);
    accepted += compare(message.index(), kind, bytes) == Outcome::accepted ? 1 : 0;
    accepted += compare(message.index(), kind, tagged) == Outcome::accepted ? 1 : 0;
  }
  BOOST_TEST(accepted > 100);
  BOOST_TEST(accepted < 300);
}

/// An older or newer sender may have written a list with elements of another size.
BOOST_AUTO_TEST_CASE(lists_of_every_element_size_read_as_by_the_library) {
  Random random(7);
  int accepted = 0;
  for (const msg::Message& message :
       {msg::Message(msg::BeatsOut{}),
        msg::Message(msg::CacheRefresh{}),
        msg::Message(msg::ChangeReplicas{}),
        msg::Message(msg::ShardReply{})}) {
    for (int round = 0; round < 2000; ++round) {
      std::string bytes = encoded(message);
      const std::size_t end = bytes.size();
      bytes.resize(end + 6 * word);
      for (std::size_t at = end; at < bytes.size(); ++at) {
        bytes[at] = static_cast<char>(random.chance(0.7) ? 0 : random.below(256));
      }
      // Any word of the message may be the list's pointer; often it is.
      const std::size_t at = (2 + random.below(end / word - 2)) * word;
      const auto size = static_cast<wire::ElementSize>(random.below(8));
      const auto offset = static_cast<std::int64_t>((end - at) / word) - 1;
      wire::store(&bytes[at], wire::Pointer::to_list(offset, size, random.below(12)).word());
      const wire::StructSize element{
          static_cast<std::uint16_t>(random.below(3)), static_cast<std::uint16_t>(random.below(3))};
      if (size == wire::ElementSize::composite) {
        wire::store(&bytes[end], wire::Pointer::tag(random.below(4), element).word());
      }
      set_segment_words(bytes);
      const Outcome outcome =
          compare(message.index(), msg::wire_kind_of(message), std::move(bytes));
      accepted += outcome == Outcome::accepted ? 1 : 0;
    }
  }
  BOOST_TEST(accepted > 2000);
}

}  // namespace
}  // namespace harka
