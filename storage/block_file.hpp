// SPDX-License-Identifier: Apache-2.0
// A file that is written in whole aligned blocks from aligned memory, as O_DIRECT demands, for a
// log that goes on anywhere, but only forward.
//
// The block in which a write begins is written again with the same bytes in front: a power failure
// tears between sectors, not within one, so what was acknowledged is there with either version of
// each sector (a page cache writes whole pages again, too). The block in which it ends is filled up
// with zeros: what lies there is of an earlier use of the segment and dead, and bytes that nobody
// keeps can neither be read as records nor need to be read first.
//
// Reserved blocks that were never written cost the file system a commit of its journal when they
// are: once a while a write carries so many zeros behind it that the next ones meet written blocks.
#pragma once

#include "storage/disk.hpp"

#include <cstddef>
#include <cstdlib>

namespace harka::storage {

class BlockFile final : public DiskFile {
 public:
  static constexpr std::size_t write_bytes_max = 1U << 20;
  static constexpr std::size_t blank_bytes = 256U << 10;  // prepared at a time

  /// `below` is written in whole blocks only, and its size is a multiple of `block`, a power of
  /// two. Nothing was ever written at or behind `blank_from`.
  BlockFile(std::unique_ptr<DiskFile> below, std::size_t block, std::uint64_t blank_from);

  Result<void> write(std::uint64_t offset, std::string_view bytes) override;

  Result<void> sync() override { return below_->sync(); }

  Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
    return below_->read(offset, length);
  }

  [[nodiscard]] std::uint64_t size() const override { return below_->size(); }

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };

  Result<void> seek(std::uint64_t offset);
  Result<void> write_buffered();
  [[nodiscard]] std::size_t padded_bytes() const;

  std::unique_ptr<DiskFile> below_;
  std::size_t block_;
  std::uint64_t blank_from_;
  std::unique_ptr<char, Free> buffer_;
  std::uint64_t begin_ = 0;  // where the buffer lies in the file, a multiple of the block
  std::size_t used_ = 0;     // after a write less than a block: the beginning of the last one
};

}  // namespace harka::storage
