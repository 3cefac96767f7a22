// SPDX-License-Identifier: Apache-2.0
// The layout of LMDB 0.9's meta pages (mdb.c: MDB_page, MDB_meta, MDB_db) on 64-bit machines.
#include "storage/lmdb/file_check.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace harka::storage {

namespace {

struct Tree {
  std::uint32_t pad = 0;  // of the first one: the page size
  std::uint16_t flags = 0;
  std::uint16_t depth = 0;
  std::uint64_t branch_pages = 0;
  std::uint64_t leaf_pages = 0;
  std::uint64_t overflow_pages = 0;
  std::uint64_t entries = 0;
  std::uint64_t root = 0;
};

struct MetaPage {
  std::uint64_t page_number = 0;
  std::uint16_t page_pad = 0;
  std::uint16_t page_flags = 0;
  std::uint32_t page_bounds = 0;
  std::uint32_t magic = 0;
  std::uint32_t version = 0;
  std::uint64_t address = 0;
  std::uint64_t map_bytes = 0;
  std::array<Tree, 2> trees;  // the free pages, and everything else
  std::uint64_t last_page = 0;
  std::uint64_t transaction = 0;
};

static_assert(sizeof(Tree) == 48 && sizeof(MetaPage) == 152);

constexpr std::uint16_t flag_meta = 0x08;
constexpr std::uint32_t magic = 0xBEEFC0DE;
constexpr std::uint32_t version = 1;
constexpr std::uint64_t no_page = ~0ULL;

using Metas = std::array<MetaPage, 2>;

std::string mistake_in(const MetaPage& meta, std::uint64_t number, std::uint32_t page_bytes) {
  if (meta.page_number != number) return "has a wrong page number";
  if (meta.page_flags != flag_meta) return "is no meta page";
  if (meta.magic != magic || meta.version != version) return "is not LMDB's";
  if (meta.trees[0].pad != page_bytes) return "has a wrong page size";
  if (meta.map_bytes % page_bytes != 0 || meta.last_page >= meta.map_bytes / page_bytes) {
    return "has a wrong size";
  }
  for (const Tree& tree : meta.trees) {
    const bool is_empty = tree.root == no_page;
    if (!is_empty && (tree.root < 2 || tree.root > meta.last_page)) return "has a wrong root";
    if (is_empty != (tree.depth == 0) || tree.depth > 32) return "has a wrong depth";
    const std::uint64_t pages = tree.branch_pages + tree.leaf_pages + tree.overflow_pages;
    if (pages > meta.last_page) return "has a wrong count of pages";
  }
  // Transactions write the two pages in turn.
  if (meta.transaction > 0 && meta.transaction % 2 != number) return "has a wrong transaction";
  return {};
}

// LMDB writes its pages of the system's size.
Result<Metas> read_metas(const std::string& path, int file, std::uint32_t page_bytes) {
  Metas metas;
  for (std::size_t i = 0; i < metas.size(); ++i) {
    std::array<char, sizeof(MetaPage)> bytes{};
    const ssize_t got =
        ::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(i * page_bytes));
    if (got < 0) return Error{Code::io_failed, "reading " + path + ": " + std::strerror(errno)};
    std::memcpy(&metas[i], bytes.data(), bytes.size());
    const std::string mistake =
        got < static_cast<ssize_t>(bytes.size()) ? "is cut" : mistake_in(metas[i], i, page_bytes);
    if (mistake.empty()) continue;
    return Error{
        Code::corrupt,
        path + " is damaged: meta page " + std::to_string(i) + " at byte " +
            std::to_string(i * page_bytes) + " " + mistake};
  }
  const std::uint64_t first = metas[0].transaction;
  const std::uint64_t second = metas[1].transaction;
  if (std::max(first, second) - std::min(first, second) > 1) {
    return Error{
        Code::corrupt,
        path + " is damaged: its meta pages are of transactions " + std::to_string(first) +
            " and " + std::to_string(second)};
  }
  return metas;
}

Result<LmdbFile> check_open_file(const std::string& path, int file) {
  struct stat status {};

  if (::fstat(file, &status) != 0) {
    return Error{Code::io_failed, "reading " + path + ": " + std::strerror(errno)};
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size == 0) return LmdbFile{};
  const auto page_bytes = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
  const Result<Metas> metas = read_metas(path, file, page_bytes);
  if (!metas.ok()) return metas.error();
  const MetaPage& a = metas.value()[0];
  const MetaPage& b = metas.value()[1];
  const MetaPage& newest = a.transaction > b.transaction ? a : b;
  LmdbFile facts;
  facts.is_new = false;
  facts.has_commits = newest.transaction > 0;
  facts.used_bytes = (newest.last_page + 1) * page_bytes;
  facts.map_bytes = newest.map_bytes;
  if (facts.has_commits && size < facts.map_bytes) {
    return Error{
        Code::corrupt,
        path + " is cut: it has " + std::to_string(size) + " bytes, not " +
            std::to_string(facts.map_bytes)};
  }
  return facts;
}

}  // namespace

Result<LmdbFile> check_lmdb_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return LmdbFile{};
  if (file < 0) return Error{Code::io_failed, "opening " + path + ": " + std::strerror(errno)};
  Result<LmdbFile> facts = check_open_file(path, file);
  ::close(file);
  return facts;
}

}  // namespace harka::storage
