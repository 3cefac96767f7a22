// SPDX-License-Identifier: Apache-2.0
// What is written is read back, and nothing else is believed.
#include "actors/kv/command.hpp"

#include "base/random.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace harka;
using namespace harka::kv;

namespace {

std::string batch() {
  std::string bytes;
  CommandWriter writer(bytes);
  const std::string_view set[] = {"key", std::string_view("a\0b", 3)};
  writer.add(CommandId::set, encoded_flag::may_write, set, 2);
  const std::string_view get[] = {"key"};
  writer.add(CommandId::get, encoded_flag::resp3 | encoded_flag::after_writes, get, 1);
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(command)

BOOST_AUTO_TEST_CASE(commands_are_read_as_they_were_written) {
  const std::string bytes = batch();
  CommandReader reader(bytes);
  BOOST_REQUIRE(reader.next());
  BOOST_TEST((reader.command().id == CommandId::set));
  BOOST_TEST(reader.command()[1] == std::string_view("a\0b", 3));
  BOOST_TEST(reader.command().may_write());
  BOOST_REQUIRE(reader.next());
  BOOST_TEST(reader.command().size() == 1U);
  BOOST_TEST(reader.command().is_resp3());
  BOOST_TEST(reader.command().is_after_writes());
  BOOST_TEST(!reader.next());
  BOOST_TEST(reader.is_sound());
}

BOOST_AUTO_TEST_CASE(a_batch_tells_its_shape) {
  const std::optional<BatchShape> shape = check_batch(batch());
  BOOST_REQUIRE(shape.has_value());
  BOOST_TEST(shape->count == 2U);
  BOOST_TEST(shape->writes == 1U);
  BOOST_TEST(shape->has_after_writes);
}

BOOST_AUTO_TEST_CASE(every_truncation_inside_a_command_is_noticed) {
  const std::string bytes = batch();
  std::size_t sound = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CommandReader reader(std::string_view(bytes).substr(0, size));
    while (reader.next()) {
    }
    if (reader.is_sound()) ++sound;
  }
  BOOST_TEST(sound == 2U);  // nothing at all, and exactly the first command
}

BOOST_AUTO_TEST_CASE(random_bytes_never_read_outside) {
  Random random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = batch();
    for (int i = 0; i < 3; ++i) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    CommandReader reader(bytes);
    std::size_t total = 0;
    while (reader.next()) {
      for (const std::string_view argument : *reader.command().arguments) {
        BOOST_REQUIRE(argument.data() >= bytes.data());
        BOOST_REQUIRE(argument.data() + argument.size() <= bytes.data() + bytes.size());
        total += argument.size();
      }
    }
    BOOST_REQUIRE(total <= bytes.size());
    (void)check_batch(bytes);
  }
}

BOOST_AUTO_TEST_CASE(a_batch_that_lies_about_writing_is_refused) {
  std::string bytes;
  const std::string_view arguments[] = {"key", "value"};
  CommandWriter(bytes).add(CommandId::set, 0, arguments, 2);
  BOOST_TEST(!check_batch(bytes).has_value());
  bytes.clear();
  CommandWriter(bytes).add(CommandId::ping, 0, arguments, 0);
  BOOST_TEST(!check_batch(bytes).has_value());
}

BOOST_AUTO_TEST_CASE(entries_keep_header_and_commands) {
  const EntryHeader header{123456789, 7, 8, 6, 2};
  const std::string payload = encode_entry(header, batch());
  const std::optional<EntryView> view = decode_entry(payload);
  BOOST_REQUIRE(view.has_value());
  BOOST_TEST((view->header == header));
  BOOST_TEST(view->commands == batch());
  BOOST_TEST(!decode_entry(std::string_view(payload).substr(0, 39)).has_value());
}

BOOST_AUTO_TEST_CASE(names_are_found_in_any_case_and_ids_are_unique) {
  std::set<CommandId> ids;
  for (const CommandInfo& info : command_table()) {
    BOOST_TEST(ids.insert(info.id).second);
    BOOST_TEST(find_command(info.id) == &info);
    if (!info.has(command_flag::internal)) BOOST_TEST(find_command(info.name) == &info);
  }
  BOOST_TEST(find_command("GeT") == find_command("get"));
  BOOST_TEST(find_command("gets") == nullptr);
  BOOST_TEST(find_command("harka.purge") == nullptr);
}

BOOST_AUTO_TEST_CASE(keys_are_where_the_table_says) {
  std::string bytes;
  const std::string_view arguments[] = {"a", "1", "b", "2"};
  CommandWriter(bytes).add(CommandId::mset, encoded_flag::may_write, arguments, 4);
  CommandReader reader(bytes);
  BOOST_REQUIRE(reader.next());
  std::string keys;
  for_each_key(reader.command(), [&](std::string_view key) { keys.append(key); });
  BOOST_TEST(keys == "ab");
}

BOOST_AUTO_TEST_SUITE_END()
