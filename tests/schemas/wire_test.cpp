// SPDX-License-Identifier: Apache-2.0
// What no message of today has, but the next one may: defaults other than zero, floating point.
#include "schemas/wire_reader.hpp"
#include "schemas/wire_writer.hpp"

#include <boost/test/unit_test.hpp>

#include <bit>
#include <string>

namespace harka {
namespace {

constexpr std::uint32_t number_bytes = 16;
constexpr auto half_bits = std::uint64_t{std::bit_cast<std::uint32_t>(0.5F)};

struct Fields {
  std::uint32_t count;
  bool is_open;
  float share;
};

std::string written(const Fields& fields) {
  std::string bytes(number_bytes, '\0');
  const wire::StructSlot slot(bytes.data(), {number_bytes / wire::word_bytes, 0});
  slot.set(0, fields.count, 7);
  slot.set_flag(37, fields.is_open, true);
  slot.set(8, fields.share, half_bits);
  return bytes;
}

Fields read(const std::string& bytes) {
  const wire::StructView view(bytes.data(), {static_cast<std::uint32_t>(bytes.size()), 0});
  return {view.number<std::uint32_t>(0, 7), view.flag(37, true), view.number<float>(8, half_bits)};
}

BOOST_AUTO_TEST_CASE(a_default_is_stored_as_zero) {
  BOOST_TEST(written({7, true, 0.5F}) == std::string(number_bytes, '\0'));
}

BOOST_AUTO_TEST_CASE(a_missing_field_reads_as_its_default) {
  const Fields fields = read("");
  BOOST_TEST(fields.count == 7U);
  BOOST_TEST(fields.is_open);
  BOOST_TEST(fields.share == 0.5F);
}

BOOST_AUTO_TEST_CASE(other_values_than_the_default_come_back) {
  const Fields fields = read(written({0, false, -3.25F}));
  BOOST_TEST(fields.count == 0U);
  BOOST_TEST(!fields.is_open);
  BOOST_TEST(fields.share == -3.25F);
}

BOOST_AUTO_TEST_CASE(a_pointer_word_gives_back_what_it_was_made_of) {
  const auto structure = wire::Pointer::to_struct(-5, {3, 2});
  BOOST_TEST((structure.kind() == wire::Pointer::Kind::structure));
  BOOST_TEST(structure.offset() == -5);
  BOOST_TEST(structure.struct_size().data_words == 3U);
  BOOST_TEST(structure.struct_size().pointers == 2U);
  const auto list = wire::Pointer::to_list(9, wire::ElementSize::four_bytes, wire::count_max);
  BOOST_TEST((list.kind() == wire::Pointer::Kind::list));
  BOOST_TEST(list.offset() == 9);
  BOOST_TEST((list.element_size() == wire::ElementSize::four_bytes));
  BOOST_TEST(list.element_count() == wire::count_max);
}

}  // namespace
}  // namespace harka
