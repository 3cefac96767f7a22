// SPDX-License-Identifier: Apache-2.0
// A byte-bounded map that forgets what was used least lately. Pure; ordered containers only, so
// that nothing depends on the order of memory.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace harka {

template <typename Value>
class Lru {
 public:
  explicit Lru(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// The value, which becomes the latest used; null when absent.
  [[nodiscard]] const Value* find(std::string_view key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    items_.splice(items_.begin(), items_, found->second);
    return &items_.front().value;
  }

  /// Replaces; evicts others to stay within the bound. What is larger than the bound is not kept.
  void put(std::string_view key, Value value, std::size_t value_bytes) {
    remove(key);
    const std::size_t bytes = key.size() + value_bytes + overhead;
    if (bytes > bytes_max_) return;
    items_.push_front(Item{std::string(key), std::move(value), bytes});
    index_.emplace(items_.front().key, items_.begin());
    bytes_ += bytes;
    while (bytes_ > bytes_max_) remove(std::string_view(items_.back().key));
  }

  void remove(std::string_view key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    const auto item = found->second;
    bytes_ -= item->bytes;
    index_.erase(found);  // its key views the item's
    items_.erase(item);
  }

  void clear() {
    index_.clear();
    items_.clear();
    bytes_ = 0;
  }

  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  [[nodiscard]] std::size_t count() const { return items_.size(); }

 private:
  struct Item {
    std::string key;
    Value value;
    std::size_t bytes = 0;
  };

  static constexpr std::size_t overhead = 160;  // list node, map node, strings
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::list<Item> items_;  // latest used first
  std::map<std::string_view, typename std::list<Item>::iterator> index_;
};

}  // namespace harka
