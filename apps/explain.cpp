// SPDX-License-Identifier: Apache-2.0
// `harka explain` and `harka config reference`: tables of this program, as documents.
#include "apps/commands.hpp"
#include "apps/output.hpp"

#include <iostream>

namespace harka::apps {

namespace {

admin::Json document_of(const admin::Failure& failure) {
  admin::Json item;
  item["id"] = std::string(failure.id);
  item["exitCode"] = static_cast<int>(failure.exit_code);
  item["title"] = std::string(failure.title);
  item["meaning"] = std::string(failure.meaning);
  item["remedy"] = std::string(failure.remedy);
  return item;
}

}  // namespace

int run_explain(const admin::Style& style, const std::string& id) {
  const admin::Failure* found = admin::find_failure(id);
  if (!id.empty() && found == nullptr) {
    return report_failure(
        style, admin::failure("HK5001"), "there is no '" + id + "'; `harka explain` lists all");
  }
  if (found != nullptr && !admin::is_machine_format(style.format)) {
    std::cout << admin::explanation_of(*found);
    return exit_done;
  }
  admin::Json document = admin::make_document("FailureList");
  document["items"] = admin::Json::array();
  for (const admin::Failure& known : admin::failures()) {
    if (found == nullptr || found == &known) document["items"].push_back(document_of(known));
  }
  document["warnings"] = admin::Json::array();
  print_document(style, document);
  return exit_done;
}

int run_config_reference(const admin::Style& style) {
  admin::Json document = admin::make_document("SettingList");
  document["items"] = admin::Json::array();
  const Config defaults;
  for (const Setting& setting : settings()) {
    admin::Json item;
    item["name"] = std::string(setting.name);
    item["type"] = std::string(setting.type);
    item["default"] = setting.get(defaults);
    item["help"] = std::string(setting.help);
    document["items"].push_back(std::move(item));
  }
  document["warnings"] = admin::Json::array();
  print_document(style, document);
  return exit_done;
}

}  // namespace harka::apps
