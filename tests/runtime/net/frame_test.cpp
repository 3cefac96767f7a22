// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/frame.hpp"

#include "base/random.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <set>
#include <vector>

using namespace harka;
using namespace harka::net;

namespace {

std::string frame(std::uint64_t correlation, std::size_t words) {
  FrameHeader header;
  header.correlation = correlation;
  header.body_bytes = static_cast<std::uint32_t>(words * 8);
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) +
         std::string(words * 8, static_cast<char>('a' + correlation % 26));
}

// Puts all of `bytes` in, in pieces of at most `piece`, and checks that frames come out in order.
std::vector<std::size_t> cut(FrameReader& reader, const std::string& bytes, std::size_t piece) {
  std::vector<std::size_t> sizes;
  std::size_t at = 0;
  for (;;) {
    Frame next;
    const auto outcome = reader.next(next);
    if (outcome == FrameReader::Next::broken) return sizes;
    if (outcome == FrameReader::Next::frame) {
      BOOST_REQUIRE(next.header.correlation == sizes.size());
      const char fill = static_cast<char>('a' + sizes.size() % 26);
      BOOST_REQUIRE(next.body.view() == std::string(next.body.size(), fill));
      BOOST_REQUIRE(reinterpret_cast<std::uintptr_t>(next.body.data()) % 8 == 0);
      sizes.push_back(next.body.size());
      continue;
    }
    if (at == bytes.size()) return sizes;
    const FrameReader::Space space = reader.space();
    const std::size_t count = std::min({space.size, piece, bytes.size() - at});
    std::memcpy(space.data, bytes.data() + at, count);
    reader.filled(count);
    at += count;
  }
}

/// The stream's next bytes are this frame and nothing else; the reader holds it no longer.
Frame read_one(FrameReader& reader, const std::string& bytes) {
  const FrameReader::Space space = reader.space();
  BOOST_REQUIRE(bytes.size() <= space.size);
  std::memcpy(space.data, bytes.data(), bytes.size());
  reader.filled(bytes.size());
  Frame only;
  BOOST_REQUIRE((reader.next(only) == FrameReader::Next::frame));
  Frame none;
  BOOST_REQUIRE((reader.next(none) == FrameReader::Next::need_more));
  return only;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(frames)

BOOST_AUTO_TEST_CASE(frames_come_out_the_same_however_the_stream_is_split) {
  std::string bytes;
  std::vector<std::size_t> expected;
  Random random(7);
  for (std::uint64_t i = 0; i < 200; ++i) {
    const std::size_t words = i % 50 == 49 ? 40'000 : random.below(40);
    bytes += frame(i, words);
    expected.push_back(words * 8);
  }
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{31}, std::size_t{4096}, bytes.size()}) {
    FrameReader reader;
    BOOST_TEST(cut(reader, bytes, piece) == expected, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_body_that_is_held_outlives_the_reader_and_never_changes) {
  std::vector<Frame> held;
  {
    FrameReader reader;
    for (std::uint64_t i = 0; i < 100; ++i) {
      held.push_back(read_one(reader, frame(i, 500)));
    }
  }
  for (std::uint64_t i = 0; i < 100; ++i) {
    BOOST_TEST((held[i].body.view() == std::string(4000, static_cast<char>('a' + i % 26))));
  }
}

BOOST_AUTO_TEST_CASE(buffers_are_used_again_once_nobody_holds_what_was_cut_from_them) {
  FrameReader reader;
  std::deque<Frame> held;
  std::set<const char*> buffers;
  for (std::uint64_t i = 0; i < 100; ++i) {
    buffers.insert(reader.space().data);
    held.push_back(read_one(reader, frame(i, 500)));
    // As a receiver that is two messages behind.
    if (held.size() > 2) held.pop_front();
    for (std::size_t at = 0; at < held.size(); ++at) {
      const char expected = static_cast<char>('a' + (i + 1 - held.size() + at) % 26);
      BOOST_TEST((held[at].body.view() == std::string(4000, expected)));
    }
  }
  BOOST_TEST(buffers.size() == 3U);
}

BOOST_AUTO_TEST_CASE(an_oversize_length_breaks_the_stream_before_memory_is_taken) {
  FrameReader reader(1024);
  std::string bytes = frame(0, 2);
  FrameHeader header;
  header.body_bytes = 1032;
  bytes += std::string(reinterpret_cast<const char*>(&header), sizeof header);
  BOOST_TEST(cut(reader, bytes, 8).size() == 1U);
  BOOST_TEST(reader.reason().find("1032 bytes") != std::string::npos);
  Frame next;
  BOOST_TEST((reader.next(next) == FrameReader::Next::broken));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_header_break_the_stream) {
  for (const std::string& bytes :
       {std::string("GET /index.html HTTP/1.1\r\nHost: a\r\n"), std::string(32, '\x07')}) {
    FrameReader reader;
    BOOST_TEST(cut(reader, bytes, bytes.size()).empty());
    BOOST_TEST(!reader.reason().empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()
