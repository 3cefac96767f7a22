// SPDX-License-Identifier: Apache-2.0
// A workload: what clients ask, what their answers must be, and what must hold at the end. Clients
// carry it: they find leaders, retry and give up; a load knows nothing of that.
#pragma once

#include "base/random.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harka::sim {

enum class WorkloadKind : std::uint8_t {
  mixed,      // registers and appends
  registers,  // reads and writes: linearizable, key by key
  append,     // tokens to lists, and reads of lists: strictly serializable, each token once
  counter,    // INCR: every answer once, and within what was asked
  bank,       // transfers, and MSET and MGET of several keys: nothing is seen or done by halves
  cycle,      // batches that read and append several lists: strictly serializable
  session,    // what was answered is asked again, of any node: it took effect once
  lease       // one writer a key, and reads of whoever may think that it leads
};

inline constexpr WorkloadKind workload_kinds[] = {
    WorkloadKind::mixed,
    WorkloadKind::registers,
    WorkloadKind::append,
    WorkloadKind::counter,
    WorkloadKind::bank,
    WorkloadKind::cycle,
    WorkloadKind::session,
    WorkloadKind::lease};

[[nodiscard]] std::string_view name_of(WorkloadKind kind);
[[nodiscard]] std::optional<WorkloadKind> workload_of(std::string_view name);

/// One operation: a batch of commands for one shard.
struct ClientRequest {
  std::uint32_t shard = 0;
  std::string_view act;  // for those who watch
  std::string key;
  std::string value;     // written
  std::string commands;  // as actors/kv/command encodes them
  std::uint32_t count = 0;
  std::uint32_t writes = 0;
  std::uint32_t repeats = 0;  // how often it is asked again after its answer
  bool asks_anyone = false;   // first, rather than whoever is known to lead
};

struct Answered {
  const ClientRequest& request;
  std::uint32_t client = 0;
  std::uint64_t operation = 0;
  bool is_known = false;                  // its outcome
  std::vector<std::string_view> replies;  // of each command, as RESP; none: not known
  std::int64_t start = 0;
  std::int64_t end = 0;
};

/// What a run leaves.
struct FinalState {
  std::function<std::optional<std::string>(std::uint32_t shard, const std::string& key)> find;
  std::int64_t time = 0;
};

class Load {
 public:
  Load() = default;
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  virtual ~Load() = default;

  /// `random` is of this operation alone.
  [[nodiscard]] virtual ClientRequest draw(
      Random& random, std::uint32_t client, std::uint64_t operation) = 0;
  /// Throws a Violation for an answer that cannot be right.
  virtual void answered(const Answered& answered) = 0;
  /// Throws a Violation for what cannot have been. Once, at the end.
  virtual void audit(const FinalState& state) = 0;

  /// How many histories were too large to be judged.
  [[nodiscard]] virtual std::uint64_t undecided() const { return 0; }
};

struct LoadOptions {
  WorkloadKind kind = WorkloadKind::mixed;
  std::uint32_t shards = 1;
  std::uint32_t clients = 4;
  std::uint32_t keys = 6;  // of each shard, for each kind of key
  double writes = 0.5;
  double appends = 0.15;
};

[[nodiscard]] std::unique_ptr<Load> make_load(const LoadOptions& options);

}  // namespace harka::sim
