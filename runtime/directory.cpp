// SPDX-License-Identifier: Apache-2.0
// A table per actor kind under a reader-writer lock: posting is hot, binding is rare.
#include "runtime/directory.hpp"

#include "base/assert.hpp"

#include <mutex>
#include <utility>

namespace harka {

namespace {
constexpr std::uint32_t index_max = 1U << 20U;
}

void Directory::bind(const Address& address, std::shared_ptr<Port> port) {
  const auto kind = static_cast<std::size_t>(address.kind);
  ASSERT(kind < kind_count);
  ASSERT(address.index < index_max);
  const std::unique_lock lock(mutex_);
  auto& row = ports_[kind];
  if (row.size() <= address.index) row.resize(address.index + 1);
  row[address.index] = std::move(port);
  version_.fetch_add(1, std::memory_order_release);
}

void Directory::unbind(const Address& address, const Port* port) {
  const auto kind = static_cast<std::size_t>(address.kind);
  ASSERT(kind < kind_count);
  const std::unique_lock lock(mutex_);
  auto& row = ports_[kind];
  if (address.index < row.size() && row[address.index].get() == port) row[address.index] = nullptr;
  version_.fetch_add(1, std::memory_order_release);
}

void Directory::bind_links(std::shared_ptr<Port> links) {
  const std::unique_lock lock(mutex_);
  ASSERT(links_ == nullptr);
  links_ = std::move(links);
  links_port_.store(links_.get(), std::memory_order_release);
}

std::shared_ptr<Port> Directory::find(const Address& address) const {
  const auto kind = static_cast<std::size_t>(address.kind);
  const std::shared_lock lock(mutex_);
  if (kind >= kind_count || address.index >= ports_[kind].size()) return nullptr;
  return ports_[kind][address.index];
}

bool Directory::post(EnvelopePtr envelope) const {
  if (envelope->to.node == self_.value) {
    const std::shared_ptr<Port> port = find(envelope->to);
    if (port != nullptr && port->post(std::move(envelope))) return true;
  } else {
    Port* links = links_port_.load(std::memory_order_acquire);
    if (links != nullptr && links->post(std::move(envelope))) return true;
  }
  dropped_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

bool Directory::post_owed(EnvelopePtr envelope) const {
  ASSERT(envelope->to.node == self_.value);
  const std::shared_ptr<Port> port = find(envelope->to);
  if (port != nullptr && port->post_owed(std::move(envelope))) return true;
  dropped_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

bool PortCache::post(EnvelopePtr envelope) {
  const Address& to = envelope->to;
  ASSERT(to.node == directory_.self().value);
  if (const std::uint64_t version = directory_.version(); version != version_) {
    clear();
    version_ = version;
  }
  const std::size_t hash = to.index * 31U + static_cast<std::size_t>(to.kind);
  Slot& slot = slots_[hash % slots_.size()];
  if (slot.port == nullptr || slot.address != to) slot = {to, directory_.find(to)};
  if (slot.port != nullptr && slot.port->post(std::move(envelope))) return true;
  directory_.dropped_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

}  // namespace harka
