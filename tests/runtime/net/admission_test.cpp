// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/admission.hpp"

#include "tests/runtime/net/link_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include <filesystem>

using namespace harka;
using namespace harka::net;

namespace {

Identity node(const std::string& name) {
  return {test::id_of(name), name, 3, 11, test::id_of(name) + 1, 1, 2};
}

bool says(const std::optional<std::string>& refusal, const std::string& text) {
  return refusal && refusal->find(text) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(admission)

BOOST_AUTO_TEST_CASE(equals_are_admitted_and_speak_the_highest_common_protocol) {
  Identity newer = node("b");
  newer.protocol_max = 7;
  BOOST_TEST(!refusal_of(node("a"), newer, {}));
  BOOST_TEST(protocol_of(node("a"), newer) == 2U);
}

BOOST_AUTO_TEST_CASE(each_refusal_says_what_is_wrong) {
  const Identity a = node("a");
  Identity b = node("b");
  b.protocol_min = 3;
  b.protocol_max = 4;
  BOOST_TEST(says(refusal_of(a, b, {}), "link protocol 3-4"));
  b = node("b");
  b.cluster_id = 12;
  BOOST_TEST(says(refusal_of(a, b, {}), "belongs to cluster"));
  b.cluster_id = 0;
  BOOST_TEST(!refusal_of(a, b, {}), "a node that has no cluster yet may join");
  b = node("b");
  BOOST_TEST(says(refusal_of(a, b, {b.data_id + 1, 0, "h:1"}), "'b' belongs to the node at h:1"));
  BOOST_TEST(says(refusal_of(a, b, {b.data_id, 4, "h:1"}), "epoch 3, but epoch 4"));
  BOOST_TEST(says(refusal_of(a, a, {}), "reached itself"));
  Identity twin = a;
  twin.data_id = 5;
  BOOST_TEST(says(refusal_of(a, twin, {}), "two nodes are called 'a'"));
  BOOST_TEST(refusal_of(a, Identity{}, {}).has_value());
}

BOOST_AUTO_TEST_CASE(the_dev_ca_writes_private_files_and_overwrites_nothing) {
  const test::TestCa ca;
  BOOST_TEST((make_dev_ca(ca.dir).error().code == Code::already_exists));
  BOOST_TEST(issue_node_certificate(ca.dir, "n1").ok());
  BOOST_TEST((issue_node_certificate(ca.dir, "n1").error().code == Code::already_exists));
  for (const std::string& name : {std::string(""), std::string("../x"), std::string("ca")}) {
    BOOST_TEST((issue_node_certificate(ca.dir, name).error().code == Code::invalid_argument));
  }
  for (const auto& file : std::filesystem::directory_iterator(ca.dir)) {
    struct stat status {};

    BOOST_REQUIRE(::stat(file.path().c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 0777U) == 0600U);
  }
}

BOOST_AUTO_TEST_CASE(wrong_tls_files_are_errors_that_name_the_file) {
  const test::TestCa ca;
  LinkOptions options = test::options_of("a", ca);
  EventLoop loop("test");
  Directory directory(NodeId{options.own.node});
  options.tls->key = ca.dir + "/missing.key";
  auto started = Links::start(loop, directory, options);
  BOOST_REQUIRE(!started.ok());
  BOOST_TEST(started.error().detail.find("missing.key") != std::string::npos);
  options.tls->key = ca.files("other").key;
  started = Links::start(loop, directory, options);
  BOOST_REQUIRE(!started.ok());
  BOOST_TEST((started.error().code == Code::invalid_argument));
}

BOOST_AUTO_TEST_CASE(two_nodes_in_one_state_never_dial_at_one_moment) {
  for (const bool has_half : {false, true}) {
    BOOST_TEST(rounds_before_dial(false, has_half) < rounds_before_dial(true, has_half));
  }
}

BOOST_AUTO_TEST_SUITE_END()
