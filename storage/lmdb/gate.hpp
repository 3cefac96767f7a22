// SPDX-License-Identifier: Apache-2.0
// The reader-writer lock before LMDB's transactions. Readers are many and never rest, and the
// system's lock prefers them: whoever wanted it alone would wait as long as their reads overlap.
// Here they stand back once somebody does.
#pragma once

#include <atomic>
#include <mutex>
#include <shared_mutex>

namespace harka::storage {

/// For std::shared_lock and std::unique_lock. Not recursive: who holds it, shared or not, must not
/// ask for it again.
class Gate {
 public:
  void lock_shared() {
    if (is_closing_.load(std::memory_order_acquire)) {
      const std::lock_guard until_it_is_closed(closing_);
    }
    lock_.lock_shared();
  }

  void unlock_shared() { lock_.unlock_shared(); }

  void lock() {
    const std::lock_guard turn(closing_);
    is_closing_.store(true, std::memory_order_release);
    lock_.lock();
    is_closing_.store(false, std::memory_order_release);
  }

  void unlock() { lock_.unlock(); }

 private:
  std::shared_mutex lock_;
  std::mutex closing_;  // held while somebody waits to be alone
  std::atomic<bool> is_closing_{false};
};

}  // namespace harka::storage
