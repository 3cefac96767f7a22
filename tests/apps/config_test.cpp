// SPDX-License-Identifier: Apache-2.0
// What is wrong with a configuration: each mistake with its place, and all of them at once.
#include "apps/config_check.hpp"
#include "apps/config_file.hpp"
#include "runtime/net/dev_ca.hpp"
#include "tests/support/folder.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace harka;
using apps::Config;
using apps::Mistakes;
using testing::Folder;

namespace {

Mistakes load(const std::string& text, Config& config) {
  const Folder folder;
  Mistakes mistakes = apps::load_config(folder.write("node.toml", text), config);
  for (std::string& mistake : mistakes) mistake.erase(0, folder.path.size() + 1);
  return mistakes;
}

std::string first_of(const Mistakes& mistakes) {
  return mistakes.empty() ? "(none)" : mistakes.front();
}

bool says(const Mistakes& mistakes, const std::string& words) {
  for (const std::string& mistake : mistakes) {
    if (mistake.find(words) != std::string::npos) return true;
  }
  return false;
}

struct Case {
  const char* text;
  const char* mistake;
};

std::ostream& operator<<(std::ostream& out, const Case& each) {
  return out << each.text;
}

const Case wrong[] = {
    {"nmae = 'n1'", "node.toml:1:1: unknown key 'nmae'; did you mean 'name'?"},
    {"name = 'n1'\nfrobnicate = 1",
     "node.toml:2:1: unknown key 'frobnicate'; `harka config reference` lists the keys"},
    {"[node]\nname = 'n1'",
     "node.toml:1:2: unknown section [node]: settings stand at the top of the file"},
    {"shards = '12'", "node.toml:1:10: shards: expected a whole number, found a string"},
    {"shards = 1.5",
     "node.toml:1:10: shards: expected a whole number, found a number with a fraction"},
    {"trust_clocks = 'yes'",
     "node.toml:1:16: trust_clocks: expected true or false, found a string"},
    {"name = 7", "node.toml:1:8: name: expected a string, found a whole number"},
    {"seeds = [1, 2]",
     "node.toml:1:9: seeds: expected a list of strings, found a list with something else in it"},
    {"seeds = ['nowhere']", "node.toml:1:9: seeds: 'nowhere' is not host:port"},
    {"seeds = ['n1:70000']", "node.toml:1:9: seeds: 'n1:70000' has no port from 1 to 65535"},
    {"shards = 0", "node.toml:1:10: shards: must be 1 to 1024, not 0"},
    {"shards = -3", "node.toml:1:10: shards: '-3' is not a whole number"},
    {"cache_bytes = '12 parsecs'",
     "node.toml:1:15: cache_bytes: '12 parsecs' is not a size such as 64MiB"},
    {"cache_bytes = '99999999999999999999GiB'",
     "node.toml:1:15: cache_bytes: '99999999999999999999GiB' is not a size such as 64MiB"},
    {"drain_timeout = 10",
     "node.toml:1:17: drain_timeout: expected a string such as \"250ms\", found a whole number"},
    {"drain_timeout = '10'",
     "node.toml:1:17: drain_timeout: '10' is not a duration such as 250ms or 3s"},
    {"region_delay = {eu = 5}",
     "node.toml:1:16: region_delay: expected a table of strings, found a table with something else "
     "in it"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(config)

BOOST_DATA_TEST_CASE(a_mistake_names_its_place, boost::unit_test::data::make(wrong), each) {
  Config config;
  const Mistakes mistakes = load(each.text, config);
  BOOST_TEST(mistakes.size() == 1U);
  BOOST_TEST(first_of(mistakes) == each.mistake);
}

BOOST_AUTO_TEST_CASE(what_is_no_toml_is_said_with_its_place) {
  Config config;
  BOOST_TEST(first_of(load("name = 'n1'\nregion = ", config)).starts_with("node.toml:2:"));
  BOOST_TEST(first_of(load("name = 'a'\nname = 'b'", config)).starts_with("node.toml:2:"));
}

BOOST_AUTO_TEST_CASE(all_mistakes_are_said_in_the_order_of_the_file) {
  Config config;
  const Mistakes mistakes = load("shards = 'x'\nname = 'n7'\nnope = 1\nclients_max = 0", config);
  BOOST_REQUIRE(mistakes.size() == 3U);
  BOOST_TEST(mistakes[0].starts_with("node.toml:1:"));
  BOOST_TEST(mistakes[1].starts_with("node.toml:3:"));
  BOOST_TEST(mistakes[2].starts_with("node.toml:4:"));
  BOOST_TEST(config.name == "n7");
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_says_why) {
  Config config;
  const Folder folder;
  BOOST_TEST(
      says(apps::load_config(folder.path + "/none.toml", config), "cannot be read: No such file"));
  BOOST_TEST(says(apps::load_config(folder.path, config), "cannot be read: Is a directory"));
}

BOOST_AUTO_TEST_CASE(the_printed_reference_reads_back) {
  Config config;
  config.name = "n3";
  config.seeds = {"127.0.0.1:7510", "127.0.0.1:7520"};
  config.region_delay["eu"] = std::chrono::milliseconds(40);
  Config back;
  BOOST_TEST(first_of(load(apps::print_config(config), back)) == "(none)");
  BOOST_TEST(apps::print_config(back) == apps::print_config(config));
}

BOOST_AUTO_TEST_CASE(the_defaults_are_fit) {
  BOOST_TEST(first_of(apps::check_config(Config{})) == "(none)");
}

BOOST_AUTO_TEST_CASE(all_that_does_not_fit_together_is_said_at_once) {
  Config config;
  config.name = "no spaces";
  config.log_level = "verbos";
  config.link_address = "0.0.0.0:7400";
  config.client_address = "0.0.0.0:7401";
  config.password_file = "/nonexistent/password";
  const Mistakes mistakes = apps::check_config(config);
  BOOST_TEST(mistakes.size() == 6U);
  BOOST_TEST(says(mistakes, "name must be 1 to 64"));
  BOOST_TEST(says(mistakes, "log_level must be"));
  BOOST_TEST(says(mistakes, "link_address 0.0.0.0:7400 is not on loopback: set tls_ca"));
  BOOST_TEST(says(mistakes, "client_address 0.0.0.0:7401 is not on loopback: set client_tls_cert"));
  BOOST_TEST(says(mistakes, "set advertise_client"));
  BOOST_TEST(says(mistakes, "password_file /nonexistent/password cannot be read: No such file"));
}

BOOST_AUTO_TEST_CASE(nobody_is_told_to_connect_to_every_address) {
  Config config;
  config.client_address = "0.0.0.0:7401";
  config.link_address = "[::]:7400";
  Mistakes mistakes = apps::check_config(config);
  BOOST_TEST(says(mistakes, "0.0.0.0:7401 is every address of a machine and leads nowhere"));
  BOOST_TEST(!says(mistakes, "set advertise_link"));  // a node alone tells nobody
  config.seeds = {"n2:7400"};
  BOOST_TEST(says(apps::check_config(config), "set advertise_link"));
  config.advertise_link = "n1:7400";
  config.advertise_client = "n1:7401";
  mistakes = apps::check_config(config);
  BOOST_TEST(!says(mistakes, "leads nowhere"));
}

BOOST_AUTO_TEST_CASE(one_address_for_two_purposes_is_a_mistake) {
  Config config;
  config.client_address = config.link_address;
  BOOST_TEST(says(apps::check_config(config), "are both 127.0.0.1:7400"));
}

BOOST_AUTO_TEST_CASE(seeds_without_tls_need_consent) {
  Config config;
  config.seeds = {"127.0.0.1:7500"};
  BOOST_TEST(says(apps::check_config(config), "links need mutual TLS"));
  config.insecure_links = true;
  BOOST_TEST(first_of(apps::check_config(config)) == "(none)");
}

BOOST_AUTO_TEST_CASE(no_file_alone_makes_a_node_unsafe) {
  Config config;
  config.unsafe = apps::unsafe_defect;
  BOOST_TEST(says(apps::check_config(config), "loses acknowledged writes: leave it out"));
  ::setenv(apps::unsafe_consent, "yes", 1);
  BOOST_TEST(first_of(apps::check_config(config)) == "(none)");
  config.unsafe = "sometimes";
  BOOST_TEST(says(apps::check_config(config), "unsafe knows only 'ack-before-fsync'"));
  ::unsetenv(apps::unsafe_consent);
}

// --- Certificates
// ----------------------------------------------------------------------------------

namespace {

struct Authority : Folder {
  Authority() {
    BOOST_REQUIRE(net::make_dev_ca(path).ok());
    BOOST_REQUIRE(net::issue_node_certificate(path, "n1").ok());
    BOOST_REQUIRE(net::issue_node_certificate(path, "n2").ok());
  }

  [[nodiscard]] Config config(const std::string& name) const {
    const net::TlsFiles files = net::dev_tls_files(path, name);
    Config made;
    made.name = name;
    made.tls_ca = files.ca;
    made.tls_cert = files.certificate;
    made.tls_key = files.key;
    return made;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(certificates_that_fit_are_accepted) {
  const Authority ours;
  BOOST_TEST(first_of(apps::check_config(ours.config("n1"))) == "(none)");
}

BOOST_AUTO_TEST_CASE(certificates_that_do_not_fit_are_said) {
  const Authority ours;
  const Authority theirs;
  Config config = ours.config("n1");
  config.tls_key.clear();
  BOOST_TEST(says(apps::check_config(config), "go together: give all three"));
  config = ours.config("n1");
  config.tls_key = ours.path + "/n2.key";
  BOOST_TEST(says(apps::check_config(config), "n2.key is not the key of "));
  config = ours.config("n1");
  config.name = "n3";
  BOOST_TEST(says(apps::check_config(config), "is the certificate of node 'n1', not of 'n3'"));
  config = ours.config("n1");
  config.tls_ca = theirs.path + "/ca.pem";
  BOOST_TEST(says(apps::check_config(config), "would be refused by every node that trusts "));
  config = ours.config("n1");
  config.tls_cert = ours.write("junk.pem", "junk");
  BOOST_TEST(says(apps::check_config(config), "junk.pem: not a certificate in PEM"));
  config = ours.config("n1");
  config.tls_ca = "/nonexistent/ca.pem";
  BOOST_TEST(says(apps::check_config(config), "/nonexistent/ca.pem cannot be read: No such file"));
  config = ours.config("n1");
  config.tls_ca = ours.path;
  BOOST_TEST(says(apps::check_config(config), " is a directory, not a PEM file"));
}

BOOST_AUTO_TEST_CASE(a_clients_key_must_fit_its_certificate) {
  const Authority ours;
  Config config;
  config.client_tls_cert = ours.path + "/n1.pem";
  BOOST_TEST(says(apps::check_config(config), "client_tls_cert and client_tls_key go together"));
  config.client_tls_key = ours.path + "/n2.key";
  BOOST_TEST(says(apps::check_config(config), "n2.key is not the key of "));
  config.client_tls_key = ours.path + "/n1.key";
  BOOST_TEST(first_of(apps::check_config(config)) == "(none)");
}

BOOST_AUTO_TEST_SUITE_END()
