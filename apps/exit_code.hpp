// SPDX-License-Identifier: Apache-2.0
// What `harka` exits with, from the one table of failures (admin/failures). Documented in
// docs/OPERATING.md; scripts depend on it.
#pragma once

#include "admin/failures.hpp"

namespace harka::apps {

using admin::exit_bug;
using admin::exit_disk_failed;
using admin::exit_done;
using admin::exit_no;
using admin::exit_not_allowed;
using admin::exit_not_found;
using admin::exit_refused;
using admin::exit_timed_out;
using admin::exit_unreachable;
using admin::exit_usage;

/// Ctrl-C or SIGTERM ended a command that would have gone on: 128 + SIGINT, as shells say it.
constexpr int exit_interrupted = 130;

[[nodiscard]] inline int exit_code_of(const Error& error) {
  return admin::failure_of(error.code).exit_code;
}

}  // namespace harka::apps
