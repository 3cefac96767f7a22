// SPDX-License-Identifier: Apache-2.0
// What `harka` exits with. Documented in docs/OPERATING.md; scripts depend on it.
#pragma once

#include "base/result.hpp"

namespace harka::apps {

enum ExitCode : int {
  exit_done = 0,
  exit_no = 1,             // the answer is "no", or degraded
  exit_usage = 2,          // wrong usage or configuration
  exit_unreachable = 3,    // not reachable, no quorum
  exit_not_allowed = 4,
  exit_not_found = 5,
  exit_refused = 6,        // refused to protect data
  exit_timed_out = 7,
  exit_bug = 70,           // ours
  exit_disk_failed = 74    // the disk refused a durable write; the node stopped to protect data
};

[[nodiscard]] inline int exit_code_of(const Error& error) {
  switch (error.code) {
    case Code::invalid_argument:
    case Code::too_large:
      return exit_usage;
    case Code::not_allowed:
      return exit_not_allowed;
    case Code::not_found:
      return exit_not_found;
    case Code::already_exists:
    case Code::corrupt:
    case Code::refused_to_protect:
    case Code::stale_epoch:
      return exit_refused;
    case Code::unknown_outcome:
      return exit_timed_out;
    case Code::retry_later:
    case Code::not_leader:
      return exit_unreachable;
    case Code::io_failed:
      return exit_disk_failed;
  }
  return exit_bug;
}

}  // namespace harka::apps
