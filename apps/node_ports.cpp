// SPDX-License-Identifier: Apache-2.0
#include "apps/node_ports.hpp"

#include "apps/node_options.hpp"

#include <utility>

namespace harka::apps {

bool LinksPort::post(EnvelopePtr envelope) {
  if (const auto* update = std::get_if<msg::MapUpdate>(&envelope->body)) {
    links_->set_cluster_id(update->map.cluster_id);
    links_->set_owners(owners_of(update->map));
    return true;
  }
  return links_->post(std::move(envelope));
}

bool DrainWaiter::post(EnvelopePtr envelope) {
  if (const auto* progress = std::get_if<msg::DrainProgress>(&envelope->body)) {
    const std::lock_guard lock(mutex_);
    is_done_ = is_done_ || progress->done;
    wake_.notify_all();
  }
  return true;
}

bool DrainWaiter::wait(Duration bound) {
  std::unique_lock lock(mutex_);
  return wake_.wait_for(lock, bound, [this] { return is_done_; });
}

}  // namespace harka::apps
