// SPDX-License-Identifier: Apache-2.0
// A disk that forgets: what was written and not synced is lost at a crash, or only parts of it
// arrive, in units of sectors and in any order.
#pragma once

#include "base/random.hpp"
#include "storage/disk.hpp"

#include <map>
#include <memory>
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

  /// Flips a byte in what is durable. False when there is nothing to damage.
  bool rot(Random& random);

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
  };

  std::map<std::string, std::shared_ptr<Content>> files_;
  bool is_dying_ = false;
};

}  // namespace harka::sim
