// SPDX-License-Identifier: Apache-2.0
// A disk that forgets: what was written and not synced is lost at a crash, or only parts of it
// arrive, in units of sectors and in any order.
#pragma once

#include "base/random.hpp"
#include "storage/disk.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace harka::sim {

enum class CrashLoss : std::uint8_t {
  all,   // nothing un-synced reached the disk
  torn,  // each un-synced sector did or did not
  none   // everything did, but nobody was told
};

class SimDisk final : public storage::Disk {
 public:
  Result<std::vector<std::string>> list() override;
  Result<std::unique_ptr<storage::DiskFile>> open(const std::string& name) override;
  Result<std::unique_ptr<storage::DiskFile>> create(
      const std::string& name, std::uint64_t bytes) override;

  /// The power fails: decides what of the un-synced bytes is there afterwards.
  void lose_power(CrashLoss loss, Random& random);

  /// From now on `sync` fails, as it does for a process that is dying.
  void set_dying(bool is_dying) { is_dying_ = is_dying; }

  /// No file can be created.
  void set_full(bool is_full) { is_full_ = is_full; }

  [[nodiscard]] bool is_full() const { return is_full_; }

  void fail_next_sync() { fails_next_sync_ = true; }

  /// Flips a bit of what was synced before the last flush: damage to the very last flush cannot be
  /// told from a torn write by any log. False when there is nothing to damage.
  bool rot(std::uint64_t place);
  /// Writes one sector's bytes over another one, as a misdirected write does: that of the same
  /// place in another file, or another one of the same file.
  bool misplace(std::uint64_t place);

  /// Since damage was done; until it was found, when the log is opened.
  [[nodiscard]] bool is_damaged() const { return is_damaged_; }

  void set_undamaged() { is_damaged_ = false; }

 private:
  friend class SimFile;

  struct Write {
    std::uint64_t offset = 0;
    std::string bytes;
  };

  struct Content {
    std::string bytes;             // as the process sees them
    std::vector<Write> old_bytes;  // what each un-synced write replaced, oldest first
    std::uint64_t end = 0;         // nothing was ever written behind this
    std::uint64_t last_flush = 0;  // where it began
  };

  struct Place {
    Content* content = nullptr;
    std::uint64_t offset = 0;
  };

  void synced(Content& content);
  [[nodiscard]] std::optional<Place> settled_place(std::uint64_t place);

  std::map<std::string, std::shared_ptr<Content>> files_;
  const Content* last_synced_ = nullptr;
  bool is_dying_ = false;
  bool is_full_ = false;
  bool fails_next_sync_ = false;
  bool is_damaged_ = false;
};

}  // namespace harka::sim
