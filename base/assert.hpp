// SPDX-License-Identifier: Apache-2.0
// Assertions that stay on in every build.
//
// ASSERT guards a machine's invariants: a failure throws `Bug`, the shell lets the actor die and
// its supervisor decides. ASSERT_DURABLE guards what is or will be on disk: a failure aborts the
// process, because carrying on could acknowledge a lie. Both end a simulated run with its seed.
#pragma once

#include <stdexcept>
#include <string>

namespace harka {

/// A broken invariant: a programming error, never an expected failure. Do not catch it anywhere but
/// at the actor shell, the simulator's host and `main`.
class Bug : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void assert_failed(const char* condition, const char* file, int line);
[[noreturn]] void assert_durable_failed(const char* condition, const char* file, int line);

}  // namespace harka

#define ASSERT(condition) \
  (static_cast<bool>(condition) ? void() : ::harka::assert_failed(#condition, __FILE__, __LINE__))
#define ASSERT_DURABLE(condition)        \
  (static_cast<bool>(condition) ? void() \
                                : ::harka::assert_durable_failed(#condition, __FILE__, __LINE__))
