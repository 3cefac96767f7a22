// SPDX-License-Identifier: Apache-2.0
#include "runtime/registry.hpp"

#include "runtime/address_name.hpp"

#include <utility>

namespace harka {

bool ActorRecord::enter_mailbox() {
  const std::uint64_t length = length_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (length > mailbox_max_) {
    length_.fetch_sub(1, std::memory_order_relaxed);
    refused_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  // A peak lost to a racing sender is off by a few; the next burst corrects it.
  if (length > peak_.load(std::memory_order_relaxed)) {
    peak_.store(length, std::memory_order_relaxed);
  }
  return true;
}

void ActorRecord::set_description(std::string text) {
  const std::lock_guard lock(mutex_);
  description_ = std::move(text);
  described_at_ = handled_.load(std::memory_order_relaxed);
}

void ActorRecord::set_refresh(std::function<void()> refresh) {
  const std::lock_guard lock(mutex_);
  refresh_ = std::move(refresh);
}

std::shared_ptr<ActorRecord> Registry::spawned(
    const Address& address,
    const Address& parent,
    std::size_t mailbox_max,
    WallTime now,
    ThreadUse thread) {
  auto record = std::make_shared<ActorRecord>(address, parent, mailbox_max, thread);
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = entries_.try_emplace(Key{address.kind, address.index});
  Entry& entry = known->second;
  if (!is_new) ++entry.restart_count;
  entry.record = record;
  entry.is_alive = true;
  entry.spawned_at = now;
  return record;
}

void Registry::exited(const ActorRecord& record, bool is_normal, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  const auto known = entries_.find(Key{record.address_.kind, record.address_.index});
  if (known == entries_.end() || known->second.record.get() != &record) return;
  if (is_normal) {
    entries_.erase(known);
    return;
  }
  known->second.is_alive = false;
  known->second.last_failure = reason;
}

std::vector<ActorInfo> Registry::snapshot() const {
  std::vector<ActorInfo> all;
  const std::lock_guard lock(mutex_);
  all.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) all.push_back(info_of(entry));
  return all;
}

ActorInfo Registry::info_of(const Entry& entry) {
  const ActorRecord& record = *entry.record;
  ActorInfo info;
  info.name = name_of(record.address_);
  info.address = record.address_;
  info.parent = record.parent_;
  info.thread = record.thread_;
  info.is_alive = entry.is_alive;
  info.mailbox_length = entry.is_alive ? record.mailbox_length() : 0;
  info.mailbox_peak = record.peak_.load(std::memory_order_relaxed);
  info.mailbox_max = record.mailbox_max_;
  info.mailbox_refused = record.refused_.load(std::memory_order_relaxed);
  info.handled_count = record.handled_.load(std::memory_order_relaxed);
  info.restart_count = entry.restart_count;
  info.last_failure = entry.last_failure;
  info.spawned_at = entry.spawned_at;
  const std::lock_guard lock(record.mutex_);
  info.description = record.description_;
  if (entry.is_alive && record.refresh_ && record.described_at_ != info.handled_count) {
    record.refresh_();
  }
  return info;
}

}  // namespace harka
