// SPDX-License-Identifier: Apache-2.0
// Every way in which a command can fail, in one table: a stable id that people can look up
// (`harka explain HK3001`), the process's exit code that scripts depend on, and what to do about
// it.
//
// An id's first digit is its exit code's; 8 stands for our bugs (70) and 9 for disks (74). Ids are
// never used again for something else. What exactly failed is the error's own detail; this table
// holds what is the same every time.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace harka::admin {

enum ExitCode : int {
  exit_done = 0,
  exit_no = 1,     // the answer is "no", or degraded
  exit_usage = 2,  // wrong usage or configuration
  exit_unreachable = 3,
  exit_not_allowed = 4,
  exit_not_found = 5,
  exit_refused = 6,  // refused to protect data
  exit_timed_out = 7,
  exit_bug = 70,
  exit_disk_failed = 74  // a durable write failed; the node stopped to protect data
};

struct Failure {
  std::string_view id;
  ExitCode exit_code;
  std::string_view title;
  std::string_view meaning;
  std::string_view remedy;
};

[[nodiscard]] const std::vector<Failure>& failures();
/// Null when there is none; letters in any case.
[[nodiscard]] const Failure* find_failure(std::string_view id);
/// The id must exist.
[[nodiscard]] const Failure& failure(std::string_view id);
/// What an expected failure means for a command that cannot say anything more exact.
[[nodiscard]] const Failure& failure_of(Code code);
/// What a node means by the exit code of its answer.
[[nodiscard]] const Failure& failure_of_exit(int exit_code);

/// The page that `harka explain` prints.
[[nodiscard]] std::string explanation_of(const Failure& failure);
/// What goes to stderr: what failed, what to do, where to read more.
[[nodiscard]] std::string error_text(const Failure& failure, std::string_view detail);

}  // namespace harka::admin
