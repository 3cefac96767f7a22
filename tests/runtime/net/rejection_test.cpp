// SPDX-License-Identifier: Apache-2.0
// When a node that nobody lets in gives up, and when it must not.
#include "runtime/net/rejection.hpp"

#include "runtime/net/admission.hpp"

#include <boost/test/unit_test.hpp>

#include <iterator>

using namespace harka::net;
using namespace std::chrono_literals;

namespace {

const std::string taken = "refused by the peer: the name 'n2' belongs to the node at h:2 with …";
const std::string twin = "refused by the peer: two nodes are called 'n2': …";
const std::string foreign = "refused by the peer: 'n2' belongs to cluster 1, 'n1' to cluster 2: …";
const std::string untrusted = "it refuses our certificate: not of its CA";
const std::string nobody = "Connection refused";

using Kind = Rejection::Kind;

std::optional<Kind> verdict(
    const std::vector<std::string>& reasons,
    bool is_fresh,
    harka::Duration waited = harka::Duration::zero()) {
  std::vector<SeedAnswer> seeds;
  for (const std::string& reason : reasons) seeds.push_back({"h:1", reason});
  const auto rejection = rejection_of(seeds, {is_fresh, waited});
  if (!rejection) return std::nullopt;
  return rejection->kind;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rejection)

BOOST_AUTO_TEST_CASE(a_fresh_node_believes_the_first_that_says_whose_its_name_is) {
  BOOST_TEST((verdict({nobody, taken, ""}, true) == Kind::name_taken));
}

BOOST_AUTO_TEST_CASE(a_member_gives_its_name_up_only_if_all_say_so) {
  BOOST_TEST(!verdict({taken, nobody}, false).has_value());
  BOOST_TEST(!verdict({taken, ""}, false).has_value());
  BOOST_TEST((verdict({taken, twin}, false) == Kind::name_taken));
}

BOOST_AUTO_TEST_CASE(the_word_of_a_twin_alone_counts_for_nothing) {
  BOOST_TEST(!verdict({twin}, true).has_value());
  BOOST_TEST(!verdict({twin, twin}, false).has_value());
}

BOOST_AUTO_TEST_CASE(another_cluster_and_another_ca_must_be_said_by_all) {
  BOOST_TEST((verdict({foreign, foreign}, false) == Kind::other_cluster));
  BOOST_TEST(!verdict({foreign, nobody}, false).has_value());
  BOOST_TEST((verdict({untrusted}, true) == Kind::certificate));
  BOOST_TEST(!verdict({untrusted, foreign}, false).has_value());
}

BOOST_AUTO_TEST_CASE(a_dead_seed_is_waited_for_but_not_for_ever) {
  const std::vector<std::string> verdicts[] = {
      {foreign, nobody}, {nobody, untrusted}, {taken, ""}, {taken, twin, nobody}};
  const Kind kinds[] = {Kind::other_cluster, Kind::certificate, Kind::name_taken, Kind::name_taken};
  for (std::size_t i = 0; i < std::size(kinds); ++i) {
    BOOST_TEST(!verdict(verdicts[i], false, rejection_patience - 1ms).has_value());
    BOOST_TEST((verdict(verdicts[i], false, rejection_patience) == kinds[i]));
  }
  BOOST_TEST(
      rejection_of({{"h:1", foreign}, {"h:2", nobody}}, {false, rejection_patience})
          ->detail.find("h:2: Connection refused") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_patience_ends_without_a_verdict_or_with_two) {
  BOOST_TEST(!verdict({nobody, ""}, true, 1h).has_value());
  BOOST_TEST(!verdict({twin, nobody}, false, 1h).has_value());
  BOOST_TEST(!verdict({untrusted, foreign, nobody}, false, 1h).has_value());
}

BOOST_AUTO_TEST_CASE(without_seeds_nobody_can_reject) {
  BOOST_TEST(!verdict({}, true).has_value());
}

BOOST_AUTO_TEST_CASE(the_signs_are_in_what_a_peer_says) {
  Identity own{1, "n1", 1, 7, 11, 1, 1};
  Identity peer{2, "n2", 1, 7, 22, 1, 1};
  BOOST_TEST((verdict({*refusal_of(own, peer, {33, 0, "h:2"})}, true) == Kind::name_taken));
  peer.cluster_id = 8;
  BOOST_TEST((verdict({*refusal_of(own, peer, {})}, true) == Kind::other_cluster));
}

BOOST_AUTO_TEST_SUITE_END()
