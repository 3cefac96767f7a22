// SPDX-License-Identifier: Apache-2.0
#include "admin/render.hpp"

#include <boost/test/unit_test.hpp>

namespace harka::admin {

namespace {

Json two_nodes() {
  Json document = make_document("Status");
  document["verdict"] = "healthy";
  document["clusterId"] = "7";
  document["items"] = Json::array();
  document["items"].push_back(
      {{"name", "n1"}, {"state", "alive"}, {"region", "us"}, {"leading", 34}, {"epoch", 2}});
  document["items"].push_back(
      {{"name", "node-two"}, {"state", "dead"}, {"region", "eu"}, {"leading", 0}, {"epoch", 1}});
  document["warnings"] = Json::array();
  return document;
}

std::string rendered(const Json& document, Format format) {
  return render(document, Style{.format = format});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(render_documents)

BOOST_AUTO_TEST_CASE(a_table_is_aligned_and_shows_missing_values_as_dashes) {
  BOOST_TEST(
      rendered(two_nodes(), Format::table) ==
      "healthy\n"
      "cluster 7  map -  shards -  replicas -  without leader -\n\n"
      "    NODE      REGION  CLIENTS  LINKS  LEADS\n"
      "UN  n1        us      -        -         34\n"
      "DN  node-two  eu      -        -          0\n");
}

BOOST_AUTO_TEST_CASE(wide_adds_columns) {
  const std::string text = rendered(two_nodes(), Format::wide);
  BOOST_TEST(text.find("EPOCH") != std::string::npos);
  BOOST_TEST(rendered(two_nodes(), Format::table).find("EPOCH") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_headers_only_rows_are_left) {
  const Style style{.format = Format::table, .has_headers = false};
  BOOST_TEST(
      render(two_nodes(), style) == "UN  n1        us  -  -  34\nDN  node-two  eu  -  -   0\n");
}

BOOST_AUTO_TEST_CASE(json_is_the_document) {
  BOOST_TEST((Json::parse(rendered(two_nodes(), Format::json)) == two_nodes()));
}

BOOST_AUTO_TEST_CASE(what_is_no_text_is_shown_all_the_same) {
  Json document = make_document("Error");
  document["what"] = "there is no 'HK\xff'";
  document["items"] = Json::array({Json{{"name", "a\xc3("}}});
  const Json read = Json::parse(rendered(document, Format::json));
  BOOST_TEST(read["what"].get<std::string>() == "there is no 'HK\xef\xbf\xbd'");
  for (const Format format : {Format::jsonl, Format::yaml, Format::table, Format::name}) {
    BOOST_TEST(!rendered(document, format).empty());
  }
}

BOOST_AUTO_TEST_CASE(jsonl_is_one_item_a_line) {
  const std::string text = rendered(two_nodes(), Format::jsonl);
  const std::size_t end = text.find('\n');
  BOOST_TEST((Json::parse(text.substr(0, end)) == two_nodes()["items"][0]));
  BOOST_TEST((Json::parse(text.substr(end + 1)) == two_nodes()["items"][1]));
}

BOOST_AUTO_TEST_CASE(jsonl_of_a_document_without_items_is_the_document) {
  Json document = make_document("Drain");
  document["drained"] = true;
  BOOST_TEST((Json::parse(rendered(document, Format::jsonl)) == document));
}

BOOST_AUTO_TEST_CASE(yaml_quotes_every_string_and_nests_by_two) {
  BOOST_TEST(
      rendered(two_nodes(), Format::yaml) ==
      "apiVersion: \"harka/v1\"\n"
      "kind: \"Status\"\n"
      "verdict: \"healthy\"\n"
      "clusterId: \"7\"\n"
      "items:\n"
      "  - name: \"n1\"\n"
      "    state: \"alive\"\n"
      "    region: \"us\"\n"
      "    leading: 34\n"
      "    epoch: 2\n"
      "  - name: \"node-two\"\n"
      "    state: \"dead\"\n"
      "    region: \"eu\"\n"
      "    leading: 0\n"
      "    epoch: 1\n"
      "warnings: []\n");
}

BOOST_AUTO_TEST_CASE(name_is_one_name_a_line) {
  BOOST_TEST(rendered(two_nodes(), Format::name) == "n1\nnode-two\n");
}

BOOST_AUTO_TEST_CASE(no_items_is_valid_in_every_format) {
  Json document = two_nodes();
  document["items"] = Json::array();
  BOOST_TEST((Json::parse(rendered(document, Format::json)) == document));
  BOOST_TEST(rendered(document, Format::jsonl).empty());
  BOOST_TEST(rendered(document, Format::name).empty());
  BOOST_TEST(rendered(document, Format::yaml).find("items: []\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(colour_appears_only_when_asked_for) {
  BOOST_TEST(rendered(two_nodes(), Format::table).find('\x1b') == std::string::npos);
  const Style style{.format = Format::table, .has_colour = true};
  const std::string text = render(two_nodes(), style);
  BOOST_TEST(text.find("\x1b[32mUN\x1b[0m") != std::string::npos);
  BOOST_TEST(text.find("\x1b[31mDN\x1b[0m") != std::string::npos);
  const Style json{.format = Format::json, .has_colour = true};
  BOOST_TEST(render(two_nodes(), json).find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_narrow_terminal_cuts_the_last_column) {
  Json document = make_document("ActorList");
  document["items"] = Json::array();
  document["items"].push_back(
      {{"name", "replica/1"}, {"alive", true}, {"state", std::string(200, 's')}});
  const Style style{.format = Format::table, .has_headers = false, .width = 60};
  const std::string text = render(document, style);
  BOOST_TEST(text.ends_with("…\n"));
  BOOST_TEST(text.size() <= 60 + std::string_view("…\n").size());
}

BOOST_AUTO_TEST_CASE(an_unknown_kind_lists_its_fields) {
  Json document = make_document("Drain");
  document["drained"] = true;
  document["leading"] = 0;
  BOOST_TEST(rendered(document, Format::table) == "drained: true\nleading: 0\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace harka::admin
