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

/// Last member of what CAF copies into its own memory and hands to another thread: releases where
/// the copy ends, so that the receiver can acquire the member's address.
struct Edge {
  Edge() = default;

  Edge(const Edge&) noexcept { release(this); }

  Edge& operator=(const Edge&) noexcept {
    release(this);
    return *this;
  }
};

}  // namespace harka::tsan
