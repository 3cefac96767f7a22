// SPDX-License-Identifier: Apache-2.0
#include "apps/endings.hpp"

#include "apps/start_failure.hpp"
#include "base/log.hpp"
#include "storage/lmdb/fault_guard.hpp"

#include <unistd.h>

#include <cstdio>
#include <string_view>

namespace harka::apps {

namespace {

std::string_view id_of(net::Rejection::Kind kind) {
  switch (kind) {
    case net::Rejection::Kind::name_taken: return "HK6005";
    case net::Rejection::Kind::other_cluster: return "HK6001";
    case net::Rejection::Kind::certificate: return "HK4001";
  }
  return "HK8001";
}

}  // namespace

void end_process(const admin::Failure& failure, const std::string& detail) {
  log::error("node", std::string(failure.id) + " " + detail);
  std::fputs(admin::error_text(failure, detail).c_str(), stderr);
  ::_exit(failure.exit_code);
}

void stop_for_disk(const Error& error) {
  end_process(failure_of_disk(error), error.detail + "; stopping: nothing acknowledged is lost");
}

void stop_for_damage(const Error& error) {
  end_process(failure_of_disk(error), error.detail + "; stopping rather than serve it");
}

void guard_state(const std::string& directory) {
  const admin::Failure& failure = admin::failure("HK6002");
  storage::guard_lmdb_faults(
      {directory,
       admin::error_text(failure, directory + ": a page is damaged, unreadable or cut off"),
       failure.exit_code});
}

void stop_for_bug(const std::string& what) {
  end_process(admin::failure("HK8001"), what);
}

void stop_for_rejection(const net::Rejection& rejection) {
  end_process(admin::failure(id_of(rejection.kind)), rejection.detail);
}

}  // namespace harka::apps
