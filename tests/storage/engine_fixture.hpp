// SPDX-License-Identifier: Apache-2.0
// An LMDB engine in a folder, and what to write into it.
#pragma once

#include "storage/lmdb_engine.hpp"
#include "storage/snapshot_part.hpp"
#include "tests/support/folder.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace harka::testing {

inline std::unique_ptr<storage::Engine> open_engine(storage::LmdbOptions options) {
  auto engine = storage::open_lmdb_engine(options);
  BOOST_REQUIRE(engine.ok());
  return std::move(engine).value();
}

inline std::unique_ptr<storage::Engine> open_engine(
    const Folder& folder, std::size_t map_bytes = 1U << 24) {
  storage::LmdbOptions options;
  options.directory = folder.path;
  options.map_bytes = map_bytes;
  return open_engine(std::move(options));
}

/// An empty value removes its key.
inline msg::FlushState flush_of(
    std::uint32_t group, LogIndex index, const std::map<std::string, std::string>& writes) {
  msg::FlushState flush;
  flush.group = group;
  flush.applied_index = index;
  flush.applied_term = 2;
  flush.config.voters = {1, 2, 3};
  for (const auto& [key, value] : writes) {
    msg::StateWrite write;
    write.key = SharedBytes::copy_of(key);
    write.value = SharedBytes::copy_of(value);
    write.removed = value.empty();
    flush.writes.push_back(write);
  }
  return flush;
}

inline void write(storage::Engine& engine, const msg::FlushState& flush) {
  storage::WriteBatch batch;
  batch.flushes = {&flush};
  BOOST_REQUIRE(engine.write(batch).ok());
}

inline void write(storage::Engine& engine, const msg::InstallState& install) {
  storage::WriteBatch batch;
  batch.installs = {&install};
  BOOST_REQUIRE(engine.write(batch).ok());
}

inline msg::InstallState part_of(
    std::uint32_t group,
    std::uint32_t sequence,
    const std::map<std::string, std::string>& records,
    bool is_last) {
  msg::InstallState install;
  install.group = group;
  install.sequence = sequence;
  install.done = is_last;
  install.applied_index = 10;
  storage::SnapshotPartWriter part;
  for (const auto& [key, value] : records) BOOST_REQUIRE(part.add(key, value));
  install.data = part.take();
  return install;
}

inline std::string value_of(
    const storage::Engine& engine, std::uint32_t group, const std::string& key) {
  const auto found = engine.get(GroupId{group}, key);
  return found ? std::string(found->view()) : "(absent)";
}

/// Installs an image as this group; the number of its parts.
inline std::uint32_t install_all(
    storage::SnapshotReader& image, storage::Engine& to, std::uint32_t group) {
  std::uint32_t parts = 0;
  for (bool is_done = false; !is_done; ++parts) {
    const auto part = image.next();
    BOOST_REQUIRE(part.ok());
    msg::InstallState install;
    install.group = group;
    install.sequence = part.value().sequence;
    install.data = part.value().data;
    install.done = is_done = part.value().done;
    install.applied_index = image.applied().index;
    write(to, install);
  }
  return parts;
}

}  // namespace harka::testing
