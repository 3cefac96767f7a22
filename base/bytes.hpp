// SPDX-License-Identifier: Apache-2.0
// Shared immutable bytes: large values travel between actors, the log and the wire without copies.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace harka {

/// A view of bytes together with whatever keeps them alive. Copying is cheap (one reference count);
/// the bytes never change, so any thread may read them.
class SharedBytes {
 public:
  SharedBytes() = default;

  /// Takes ownership of `text`.
  explicit SharedBytes(std::string text) {
    auto owner = std::make_shared<const std::string>(std::move(text));
    view_ = *owner;
    owner_ = std::move(owner);
  }

  /// A view into something that `owner` keeps alive (a received frame, a mapped page copy).
  SharedBytes(std::shared_ptr<const void> owner, std::string_view view)
      : owner_(std::move(owner)), view_(view) {}

  /// One allocation for the count and the bytes.
  [[nodiscard]] static SharedBytes copy_of(std::string_view text) {
    auto owner = std::make_shared_for_overwrite<char[]>(text.size());
    std::copy(text.begin(), text.end(), owner.get());
    const std::string_view view(owner.get(), text.size());
    return SharedBytes(std::move(owner), view);
  }

  /// Becomes a view into something that `owner` keeps alive. Of the same owner again it is free.
  template <typename Owner>
  void assign(const std::shared_ptr<Owner>& owner, std::string_view view) {
    if (owner_.get() != owner.get()) owner_ = owner;
    view_ = view;
  }

  [[nodiscard]] std::string_view view() const { return view_; }

  [[nodiscard]] std::size_t size() const { return view_.size(); }

  [[nodiscard]] bool empty() const { return view_.empty(); }

  [[nodiscard]] const char* data() const { return view_.data(); }

  /// What keeps the bytes alive; for making other views of the same memory.
  [[nodiscard]] const std::shared_ptr<const void>& owner() const { return owner_; }

  /// A part of these bytes that shares their owner. `offset + length <= size()`.
  [[nodiscard]] SharedBytes slice(std::size_t offset, std::size_t length) const {
    return SharedBytes(owner_, view_.substr(offset, length));
  }

  friend bool operator==(const SharedBytes& a, const SharedBytes& b) { return a.view_ == b.view_; }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view view_;
};

}  // namespace harka
