// SPDX-License-Identifier: Apache-2.0
// Tells ThreadSanitizer of the hand-overs that happen inside libcaf, which is not instrumented: its
// lock-free mailbox and its scheduler. Without them every message would look like a race. Runs
// with TSAN_OPTIONS=suppressions=runtime/caf/tsan.supp.
#pragma once

#if defined(__SANITIZE_THREAD__)
extern "C" {
void __tsan_acquire(void* address);  // NOLINT(bugprone-reserved-identifier): TSan's name
void __tsan_release(void* address);  // NOLINT(bugprone-reserved-identifier): TSan's name
}
#endif

namespace harka::tsan {

/// What was written before is visible to whoever acquires the same address later.
inline void release([[maybe_unused]] const void* address) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(const_cast<void*>(address));
#endif
}

inline void acquire([[maybe_unused]] const void* address) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(const_cast<void*>(address));
#endif
}

}  // namespace harka::tsan
