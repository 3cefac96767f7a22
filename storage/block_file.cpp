// SPDX-License-Identifier: Apache-2.0
#include "storage/block_file.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace harka::storage {

BlockFile::BlockFile(std::unique_ptr<DiskFile> below, std::size_t block, std::uint64_t blank_from)
    : below_(std::move(below)), block_(block), blank_from_(blank_from) {
  ASSERT(block_ != 0 && write_bytes_max % block_ == 0 && blank_bytes % block_ == 0);
  ASSERT(below_->size() % block_ == 0);
}

Result<void> BlockFile::write(std::uint64_t offset, std::string_view bytes) {
  ASSERT_DURABLE(offset + bytes.size() <= size());
  if (bytes.empty()) return {};
  if (Result<void> done = seek(offset); !done.ok()) return done;
  while (!bytes.empty()) {
    const std::size_t taken = std::min(bytes.size(), write_bytes_max - used_);
    std::memcpy(buffer_.get() + used_, bytes.data(), taken);
    used_ += taken;
    bytes.remove_prefix(taken);
    if (Result<void> done = write_buffered(); !done.ok()) return done;
  }
  return {};
}

/// Has the buffer hold what is in front of `offset` in its block.
Result<void> BlockFile::seek(std::uint64_t offset) {
  if (buffer_ == nullptr) {
    buffer_.reset(static_cast<char*>(std::aligned_alloc(block_, write_bytes_max)));
    if (buffer_ == nullptr) return Error{Code::io_failed, "no memory to write to the log"};
  }
  if (offset == begin_ + used_) return {};
  const std::size_t in_front = offset % block_;
  begin_ = offset - in_front;
  used_ = in_front;
  if (in_front == 0) return {};
  const Result<std::string> front = below_->read(begin_, in_front);
  if (!front.ok()) return front.error();
  std::memcpy(buffer_.get(), front.value().data(), in_front);
  return {};
}

Result<void> BlockFile::write_buffered() {
  const std::size_t length = padded_bytes();
  std::memset(buffer_.get() + used_, 0, length - used_);
  if (Result<void> done = below_->write(begin_, {buffer_.get(), length}); !done.ok()) return done;
  blank_from_ = std::max(blank_from_, begin_ + length);
  const std::size_t whole = used_ / block_ * block_;
  std::memmove(buffer_.get(), buffer_.get() + whole, used_ - whole);
  begin_ += whole;
  used_ -= whole;
  return {};
}

std::size_t BlockFile::padded_bytes() const {
  const std::size_t least = (used_ + block_ - 1) / block_ * block_;
  if (begin_ + least <= blank_from_) return least;
  const std::uint64_t possible = std::min<std::uint64_t>(write_bytes_max, size() - begin_);
  return static_cast<std::size_t>(std::min<std::uint64_t>(least + blank_bytes, possible));
}

}  // namespace harka::storage
