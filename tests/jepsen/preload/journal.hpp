// SPDX-License-Identifier: Apache-2.0
// How power loss is played: before anything in the node's data directory is changed, the journal
// keeps what was there; a sync that succeeded forgets it. SIGKILL leaves the journal behind as it
// leaves the page cache, so whoever undoes it (disks_lib.py) has the disk as it was at the last
// sync.
// A file's journal is file-INODE, forgotten by fsync or fdatasync of the file; names that were
// made, moved or removed are in folder-INODE, forgotten by fsync of the folder (POSIX promises no
// more). Each record is a Head and its bytes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace harka::jepsen {

enum class Kind : std::uint64_t { bytes = 1, size = 2, made = 3, moved = 4, removed = 5 };

struct Head {
  Kind kind;
  std::uint64_t offset;  // of bytes; or the size that the file had
  std::uint64_t length;  // of what follows
};

/// The data directory and the journal are both known, so that changes have to be kept.
[[nodiscard]] bool keeps_journal();
[[nodiscard]] bool is_data(std::string_view path);
/// What has to be synced for the data directory's own name.
[[nodiscard]] bool is_folder_of_data(std::string_view path);

/// `file` is open; what it does from now on is kept, unless each of its writes is a sync by itself.
void follow(int file, bool is_written_through);
void forget(int file);
[[nodiscard]] bool is_followed(int file);

/// Keeps what lies at these bytes, and the size if they go beyond it.
void before_write(int file, std::uint64_t offset, std::uint64_t length);
void before_resize(int file, std::uint64_t new_size);
/// All names are paths; `target` of a move may exist, and is kept.
void after_making(const std::string& path);
void before_moving(const std::string& path, const std::string& target);
void before_removing(const std::string& path);

/// Calls `sync`; when it succeeds, what was kept of the file or folder is forgotten.
int synced(int file, int (*sync)(int));

}  // namespace harka::jepsen
