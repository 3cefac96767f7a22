// SPDX-License-Identifier: Apache-2.0
// A handler may only call what is safe in a signal: everything it needs is prepared.
#include "storage/lmdb/fault_guard.hpp"

#include "storage/lmdb_engine.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

namespace harka::storage {

thread_local int InsideLmdb::depth = 0;

namespace {

// The one global of this folder: a handler has no other way to its data. Set once, never freed.
const FaultPlan* plan = nullptr;
const std::string* mark_path = nullptr;

void put(int file, const std::string& text) {
  if (file >= 0) (void)!::write(file, text.data(), text.size());
}

void on_fault(int signal) {
  if (InsideLmdb::depth == 0 || plan == nullptr) {
    // Back in the instruction that failed, it fails again.
    (void)std::signal(signal, SIG_DFL);
    return;
  }
  put(::open(mark_path->c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600), plan->message);
  put(STDERR_FILENO, plan->message);
  ::_exit(plan->exit_code);
}

}  // namespace

void guard_lmdb_faults(const FaultPlan& wanted) {
  plan = new FaultPlan(wanted);
  mark_path = new std::string(wanted.directory + "/" + damage_mark);

  struct sigaction action {};

  action.sa_handler = on_fault;
  ::sigaction(SIGSEGV, &action, nullptr);
  ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace harka::storage
