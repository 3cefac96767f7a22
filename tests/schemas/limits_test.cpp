// SPDX-License-Identifier: Apache-2.0
// What a hostile or broken peer may send: beyond declared limits, amplified, or from the future.
#include "base/limits.hpp"

#include "schemas/codec.hpp"

#include <boost/test/unit_test.hpp>

#include <cstring>

namespace harka {
namespace {

template <typename T>
Code code_of(const T& value) {
  const Result<T> decoded = msg::decode_struct<T>(msg::encode_struct(value));
  BOOST_REQUIRE(!decoded.ok());
  return decoded.error().code;
}

template <typename T>
bool decodes(const T& value) {
  return msg::decode_struct<T>(msg::encode_struct(value)).ok();
}

BOOST_AUTO_TEST_CASE(text_is_limited_to_4_kib) {
  msg::AdminRequest request;
  request.verb = std::string(4096, 'v');
  BOOST_TEST(decodes(request));
  request.verb += 'v';
  BOOST_TEST((code_of(request) == Code::too_large));
}

BOOST_AUTO_TEST_CASE(each_text_of_a_list_is_limited) {
  msg::AdminRequest request;
  request.arguments = {"fine", std::string(4097, 'v')};
  BOOST_TEST((code_of(request) == Code::too_large));
}

BOOST_AUTO_TEST_CASE(data_is_limited_to_what_a_frame_holds) {
  msg::ShardReply reply;
  reply.replies = SharedBytes(std::string(limits::frame_bytes_max, 'd'));
  BOOST_TEST(decodes(reply));
  reply.replies = SharedBytes(std::string(limits::frame_bytes_max + 1, 'd'));
  BOOST_TEST((code_of(reply) == Code::too_large));
}

/// A follower that refused such an entry would be sent it again for ever, and the group would
/// stand.
BOOST_AUTO_TEST_CASE(an_entry_with_the_largest_command_behind_a_full_batch_decodes) {
  constexpr std::size_t batch = 256U << 10U;  // gathered before the command came
  constexpr std::size_t headers = 64 + 4 * limits::command_arguments_max;
  msg::AppendEntries append;
  append.entries.resize(1);
  append.entries[0].data = SharedBytes(
      std::string(batch + limits::value_bytes_max + limits::key_bytes_max + headers, 'c'));
  BOOST_TEST(decodes(append));
}

BOOST_AUTO_TEST_CASE(lists_are_limited_to_65536_items) {
  msg::GroupConfig config;
  config.voters.resize(65'536);
  BOOST_TEST(decodes(config));
  config.voters.resize(65'537);
  BOOST_TEST((code_of(config) == Code::too_large));
}

BOOST_AUTO_TEST_CASE(an_annotated_list_may_be_longer) {
  msg::GroupRecovered recovered;
  recovered.entries.resize(70'000);
  BOOST_TEST(decodes(recovered));
}

BOOST_AUTO_TEST_CASE(an_enumerator_from_the_future_is_refused) {
  msg::ShardReply reply;
  reply.outcome = static_cast<msg::BatchOutcome>(count_of(msg::BatchOutcome{}));
  BOOST_TEST((code_of(reply) == Code::corrupt));
  BOOST_TEST(msg::name_of(reply.outcome) == "unknown");
}

/// A thousand pointers to one key of 8 KiB: 8 MB of work for 17 KB of message.
BOOST_AUTO_TEST_CASE(amplification_by_shared_pointers_is_refused) {
  constexpr std::size_t count = 1000;
  constexpr std::size_t list_at = 6;  // table, root pointer, three words of data, one pointer
  msg::CacheRefresh message;
  message.keys.resize(count);
  message.keys[0] = SharedBytes(std::string(8192, 'k'));
  std::string bytes(msg::encode_struct(message).view());
  std::uint64_t first = 0;
  std::memcpy(&first, &bytes[list_at * 8], 8);
  for (std::size_t i = 1; i < count; ++i) {
    const std::uint64_t same_target = first - (i << 2U);  // offsets count from the pointer's end
    std::memcpy(&bytes[(list_at + i) * 8], &same_target, 8);
  }
  const auto decoded = msg::decode_struct<msg::CacheRefresh>(SharedBytes(std::move(bytes)));
  BOOST_REQUIRE(!decoded.ok());
  BOOST_TEST((decoded.error().code == Code::corrupt));
}

BOOST_AUTO_TEST_CASE(a_segment_table_that_lies_is_refused) {
  std::string bytes(msg::encode_struct(msg::HardState{1, 2}).view());
  for (const char lie : {'\x01', '\x7f', '\xff'}) {
    std::string changed = bytes;
    changed[0] = lie;  // the number of segments
    BOOST_TEST(!msg::decode_struct<msg::HardState>(SharedBytes(changed)).ok());
    changed = bytes;
    changed[4] = lie;  // the size of the first
    BOOST_TEST(!msg::decode_struct<msg::HardState>(SharedBytes(changed)).ok());
  }
}

}  // namespace
}  // namespace harka
