// SPDX-License-Identifier: Apache-2.0
// When LMDB follows a damaged page, or touches one that the disk cannot read or that was cut away,
// the kernel sends SIGSEGV or SIGBUS. Then the process ends with words and an exit code instead.
// A fault elsewhere is a bug, and stays the signal that it was.
#pragma once

#include <string>

namespace harka::storage {

/// Marks this thread as being inside LMDB.
class InsideLmdb {
 public:
  InsideLmdb() { ++depth; }

  ~InsideLmdb() { --depth; }

  InsideLmdb(const InsideLmdb&) = delete;
  InsideLmdb& operator=(const InsideLmdb&) = delete;

  static thread_local int depth;
};

struct FaultPlan {
  std::string directory;  // of the state; marked as damaged
  std::string message;    // to stderr
  int exit_code = 0;
};

/// For the whole process, once, before the engine is opened.
void guard_lmdb_faults(const FaultPlan& plan);

}  // namespace harka::storage
