// SPDX-License-Identifier: Apache-2.0
// A table per actor kind under a reader-writer lock: posting is hot, binding is rare.
#include "runtime/directory.hpp"

#include <mutex>
#include <utility>

#include "base/assert.hpp"

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
}

void Directory::unbind(const Address& address, const Port* port) {
  const auto kind = static_cast<std::size_t>(address.kind);
  ASSERT(kind < kind_count);
  const std::unique_lock lock(mutex_);
  auto& row = ports_[kind];
  if (address.index < row.size() && row[address.index].get() == port) row[address.index] = nullptr;
}

void Directory::bind_links(std::shared_ptr<Port> links) {
  const std::unique_lock lock(mutex_);
  links_ = std::move(links);
}

bool Directory::post(EnvelopePtr envelope) const {
  std::shared_ptr<Port> port;
  {
    const std::shared_lock lock(mutex_);
    if (envelope->to.node != self_.value) {
      port = links_;
    } else {
      const auto kind = static_cast<std::size_t>(envelope->to.kind);
      if (kind < kind_count && envelope->to.index < ports_[kind].size()) {
        port = ports_[kind][envelope->to.index];
      }
    }
  }
  if (port != nullptr && port->post(std::move(envelope))) return true;
  dropped_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

}  // namespace harka
