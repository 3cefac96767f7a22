// SPDX-License-Identifier: Apache-2.0
// Addresses of a node behind which there is no machine: its links, and whoever waits for a drain.
#pragma once

#include "base/time.hpp"
#include "runtime/net/links.hpp"
#include "runtime/port.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>

namespace harka::apps {

/// Makes links follow the cluster map that control announces; everything else is theirs.
class LinksPort final : public Port {
 public:
  explicit LinksPort(std::shared_ptr<net::Links> links) : links_(std::move(links)) {}

  bool post(EnvelopePtr envelope) override;

 private:
  std::shared_ptr<net::Links> links_;  // shared with the directory
};

/// Waits until pulse says that this node leads nothing. Any thread.
class DrainWaiter final : public Port {
 public:
  bool post(EnvelopePtr envelope) override;
  /// False when `bound` passed first.
  [[nodiscard]] bool wait(Duration bound);

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_done_ = false;
};

}  // namespace harka::apps
