// SPDX-License-Identifier: Apache-2.0
// Nodes of two versions talk: unknown fields are skipped, missing ones have their defaults.
#include "schemas/codec.hpp"

#include <boost/test/unit_test.hpp>
#include <capnp/serialize.h>
#include <versions/versions.capnp.h>

namespace harka {
namespace {

SharedBytes flat(capnp::MessageBuilder& builder) {
  const auto words = capnp::messageToFlatArray(builder);
  const auto bytes = words.asChars();
  return SharedBytes::copy_of(std::string_view(bytes.begin(), bytes.size()));
}

msg::VoteRequest vote_request() {
  msg::VoteRequest request;
  request.group = 3;
  request.term = 9;
  request.last_index = 100;
  request.last_term = 8;
  request.transfer = true;
  return request;
}

template <typename Wire>
class Received {
 public:
  explicit Received(const SharedBytes& bytes)
      : words_(kj::heapArray<capnp::word>(bytes.size() / 8)), reader_(copied(bytes)) {}

  typename Wire::Reader root() { return reader_.template getRoot<Wire>(); }

 private:
  kj::ArrayPtr<const capnp::word> copied(const SharedBytes& bytes) {
    std::copy(bytes.data(), bytes.data() + bytes.size(), words_.asChars().begin());
    return words_;
  }

  kj::Array<capnp::word> words_;
  capnp::FlatArrayMessageReader reader_;
};

BOOST_AUTO_TEST_CASE(a_message_of_an_older_node_has_defaults_for_what_it_lacks) {
  capnp::MallocMessageBuilder builder;
  auto older = builder.initRoot<versions::OlderVoteRequest>();
  older.setGroup(3);
  older.setTerm(9);
  const auto decoded = msg::decode_struct<msg::VoteRequest>(flat(builder));
  BOOST_REQUIRE(decoded.ok());
  msg::VoteRequest expected;
  expected.group = 3;
  expected.term = 9;
  BOOST_TEST((decoded.value() == expected));
}

BOOST_AUTO_TEST_CASE(a_message_of_a_newer_node_loses_only_what_is_new) {
  capnp::MallocMessageBuilder builder;
  auto newer = builder.initRoot<versions::NewerVoteRequest>();
  newer.setGroup(3);
  newer.setTerm(9);
  newer.setLastIndex(100);
  newer.setLastTerm(8);
  newer.setTransfer(true);
  newer.setPriority(42);
  newer.setReason("because");
  const auto decoded = msg::decode_struct<msg::VoteRequest>(flat(builder));
  BOOST_REQUIRE(decoded.ok());
  BOOST_TEST((decoded.value() == vote_request()));
}

BOOST_AUTO_TEST_CASE(an_older_node_reads_what_it_knows) {
  Received<versions::OlderVoteRequest> received(msg::encode_struct(vote_request()));
  BOOST_TEST(received.root().getGroup() == 3U);
  BOOST_TEST(received.root().getTerm() == 9U);
}

BOOST_AUTO_TEST_CASE(a_newer_node_sees_its_defaults) {
  Received<versions::NewerVoteRequest> received(msg::encode_struct(vote_request()));
  BOOST_TEST(received.root().getLastIndex() == 100U);
  BOOST_TEST(received.root().getTransfer());
  BOOST_TEST(received.root().getPriority() == 7U);
  BOOST_TEST(received.root().getReason().size() == 0U);
}

}  // namespace
}  // namespace harka
