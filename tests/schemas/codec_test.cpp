// SPDX-License-Identifier: Apache-2.0
#include "schemas/codec.hpp"

#include "tests/schemas/random_message.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <set>

namespace harka {
namespace {

namespace data = boost::unit_test::data;

const auto every_kind = data::xrange<std::size_t>(1, test::message_count);

BOOST_DATA_TEST_CASE(random_messages_survive_the_round_trip, every_kind, kind) {
  Random random(kind);
  for (int round = 0; round < 200; ++round) {
    const msg::Message message = test::random_message(kind, random);
    const SharedBytes bytes = msg::encode(message);
    BOOST_REQUIRE_EQUAL(bytes.size() % 8, 0U);
    const Result<msg::Message> decoded = msg::decode(msg::wire_kind_of(message), bytes);
    BOOST_REQUIRE_MESSAGE(
        decoded.ok(),
        msg::name_of(message) << ": " << (decoded.ok() ? "" : decoded.error().detail));
    BOOST_REQUIRE_MESSAGE(decoded.value() == message, msg::name_of(message) << " round " << round);
  }
}

BOOST_AUTO_TEST_CASE(orders_and_facts_of_one_node_do_not_travel) {
  const auto stays = [](const msg::Message& message) {
    return msg::is_node_local(msg::wire_kind_of(message));
  };
  BOOST_TEST(stays(msg::ChildExited{}));
  BOOST_TEST(stays(msg::LogAppended{}));
  BOOST_TEST(stays(msg::Tick{}));
  BOOST_TEST(!stays(msg::Heartbeat{}));  // raft beats single followers itself
  BOOST_TEST(!stays(msg::ShardBatch{}));
  BOOST_TEST(!msg::is_node_local(0));
}

BOOST_DATA_TEST_CASE(unaligned_frames_decode_too, every_kind, kind) {
  Random random(kind + 1000);
  const msg::Message message = test::random_message(kind, random);
  const SharedBytes bytes = msg::encode(message);
  const SharedBytes shifted(std::string(3, ' ') + std::string(bytes.view()));
  const auto decoded = msg::decode(msg::wire_kind_of(message), shifted.slice(3, bytes.size()));
  BOOST_REQUIRE(decoded.ok());
  BOOST_TEST((decoded.value() == message));
}

BOOST_DATA_TEST_CASE(every_truncation_is_refused, every_kind, kind) {
  Random random(kind + 2000);
  const msg::Message message = test::random_message(kind, random);
  const SharedBytes bytes = msg::encode(message);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = msg::decode(msg::wire_kind_of(message), bytes.slice(0, size));
    BOOST_REQUIRE_MESSAGE(!decoded.ok(), msg::name_of(message) << " cut to " << size);
    BOOST_REQUIRE(decoded.error().code == Code::corrupt);
  }
}

/// Damage may give another valid message, never a crash; what it gives must itself be sound.
BOOST_DATA_TEST_CASE(bit_flips_are_refused_or_give_a_sound_message, every_kind, kind) {
  Random random(kind + 3000);
  for (int round = 0; round < 300; ++round) {
    const msg::Message message = test::random_message(kind, random);
    std::string bytes(msg::encode(message).view());
    for (std::uint64_t flips = 1 + random.below(8); flips > 0; --flips) {
      bytes[random.below(bytes.size())] ^= static_cast<char>(1U << random.below(8));
    }
    const auto decoded = msg::decode(msg::wire_kind_of(message), SharedBytes(std::move(bytes)));
    if (!decoded.ok()) continue;
    const auto again =
        msg::decode(msg::wire_kind_of(decoded.value()), msg::encode(decoded.value()));
    BOOST_REQUIRE(again.ok());
    BOOST_REQUIRE((again.value() == decoded.value()));
  }
}

BOOST_AUTO_TEST_CASE(kinds_are_distinct_and_named) {
  std::set<std::uint16_t> kinds;
  Random random(1);
  for (std::size_t kind = 1; kind < test::message_count; ++kind) {
    const msg::Message message = test::random_message(kind, random);
    BOOST_TEST(kinds.insert(msg::wire_kind_of(message)).second);
    BOOST_TEST(msg::name_of_wire_kind(msg::wire_kind_of(message)) == msg::name_of(message));
  }
  BOOST_TEST(!kinds.contains(0));
}

/// Golden: nodes of other versions and disks know these numbers.
BOOST_AUTO_TEST_CASE(wire_kinds_never_change) {
  BOOST_TEST(msg::wire_kind_of(msg::AppendEntries{}) == 56653);
  BOOST_TEST(msg::wire_kind_of(msg::Tick{}) == 14392);
  BOOST_TEST(msg::wire_kind_of(msg::Message{}) == 0);
}

BOOST_AUTO_TEST_CASE(an_unknown_kind_is_an_invalid_argument) {
  const auto decoded = msg::decode(1, msg::encode(msg::Tick{}));
  BOOST_REQUIRE(!decoded.ok());
  BOOST_TEST((decoded.error().code == Code::invalid_argument));
}

BOOST_AUTO_TEST_CASE(large_data_shares_the_frame_and_small_data_does_not_keep_it_alive) {
  for (const std::size_t size : {100, 5000}) {
    msg::InstallState install;
    install.data = SharedBytes(std::string(size, 'd'));
    const SharedBytes frame = msg::encode_struct(install);
    const auto decoded = msg::decode_struct<msg::InstallState>(frame);
    BOOST_REQUIRE(decoded.ok());
    BOOST_TEST((decoded.value().data == install.data));
    BOOST_TEST((decoded.value().data.owner() == frame.owner()) == (size == 5000));
  }
}

BOOST_AUTO_TEST_CASE(bytes_behind_the_message_are_refused) {
  std::string bytes(msg::encode(msg::Tick{}).view());
  bytes.append(8, '\0');
  BOOST_TEST(!msg::decode_struct<msg::Tick>(SharedBytes(std::move(bytes))).ok());
}

}  // namespace
}  // namespace harka
