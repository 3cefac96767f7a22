// SPDX-License-Identifier: Apache-2.0
#include "apps/start_failure.hpp"

#include <cerrno>
#include <cstring>
#include <string_view>

namespace harka::apps {

namespace {

// An Error has the system's words, not its number.
bool is_full(const Error& error) {
  for (const int number : {ENOSPC, EDQUOT}) {
    if (error.detail.find(std::strerror(number)) != std::string::npos) return true;
  }
  return false;
}

std::string_view id_in_data_dir(const Error& error) {
  switch (error.code) {
    case Code::already_exists: return "HK6003";
    case Code::stale_epoch: return "HK6004";
    case Code::io_failed: return is_full(error) ? "HK9002" : "HK2004";
    default: return admin::failure_of(error.code).id;
  }
}

std::string_view id_in_stores(const Error& error) {
  if (error.code == Code::stale_epoch) return "HK6004";
  return error.code == Code::io_failed ? failure_of_disk(error).id
                                       : admin::failure_of(error.code).id;
}

std::string_view id_at(Stage stage, const Error& error) {
  switch (stage) {
    case Stage::data_dir: return id_in_data_dir(error);
    case Stage::stores: return id_in_stores(error);
    case Stage::listeners:
      return error.code == Code::io_failed ? "HK2003" : admin::failure_of(error.code).id;
  }
  return "HK8001";
}

}  // namespace

StartFailure failure_at(Stage stage, const Error& error) {
  return StartFailure{&admin::failure(id_at(stage, error)), error.detail};
}

const admin::Failure& failure_of_disk(const Error& error) {
  if (error.code == Code::corrupt) return admin::failure("HK6002");
  return admin::failure(is_full(error) ? "HK9002" : "HK9001");
}

}  // namespace harka::apps
