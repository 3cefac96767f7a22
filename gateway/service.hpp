// SPDX-License-Identifier: Apache-2.0
// What the sessions of one gateway loop share: options, the view of the cluster, the batcher, the
// commands over many shards. Loop thread only. Knows no sockets: the server in front of it, or a
// test, feeds sessions and sends their output.
#pragma once

#include "gateway/batcher.hpp"
#include "gateway/cluster_view.hpp"
#include "gateway/keyspace.hpp"
#include "gateway/options.hpp"
#include "gateway/resp_session.hpp"
#include "gateway/router_port.hpp"
#include "runtime/machine_host.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace harka::gateway {

struct Counters {
  std::uint64_t connections = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t commands = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

class Service {
 public:
  /// `port` outlives the service.
  Service(Options options, RouterPort& port);

  void set_view(ClusterView view) { view_ = std::move(view); }

  [[nodiscard]] const ClusterView& view() const { return view_; }

  [[nodiscard]] const Options& options() const { return options_; }

  [[nodiscard]] Counters& counters() { return counters_; }

  // Answers to what the port was asked. One that comes twice or too late is ignored.
  void on_reply(std::uint64_t ticket, const msg::ShardReply& reply);
  void on_scan(std::uint64_t ticket, ScanAnswer answer);
  void on_admin(std::uint64_t ticket, int exit_code, std::string_view json);

  [[nodiscard]] RespSession& open(std::string peer, std::string local);
  void close(SessionId id);
  /// Null when it is gone.
  [[nodiscard]] RespSession* find(SessionId id);

  [[nodiscard]] std::size_t session_count() const { return session_count_; }

  /// In order of slots.
  template <typename Visit>
  void for_each_session(const Visit& visit) {
    for (const Slot& slot : slots_) {
      if (slot.session) visit(*slot.session);
    }
  }

  /// Called after each answer, so that the server settles soon.
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }

  /// End of a turn: batches go out.
  void submit_all() { batcher_.submit_all(); }

  /// Sessions that got output, room or an end since the last call. Gone ones may be among them.
  void take_touched(std::vector<SessionId>& touched);

  [[nodiscard]] bool has_touched() const { return !touched_.empty(); }

  // For sessions.
  [[nodiscard]] Batcher& batcher() { return batcher_; }

  [[nodiscard]] Keyspace& keyspace() { return keyspace_; }

  void touch(RespSession& session);

  /// By shard: the newest log entry whose effects any session has seen.
  [[nodiscard]] const std::vector<LogIndex>& applied() const { return applied_; }

  void ask_admin(RespSession& session, std::string verb, std::vector<std::string> arguments);

  /// Both clocks, read once a turn. How long something lasts is told by `now` alone: the wall clock
  /// may be set while it lasts.
  void set_time(const HostTime& time) {
    time_ = time;
    if (started_ == Instant{}) started_ = time.now;
  }

  [[nodiscard]] Instant now() const { return time_.now; }

  [[nodiscard]] WallTime wall_ms() const { return time_.wall; }

  /// When the clocks were first read.
  [[nodiscard]] Instant started() const { return started_; }

  /// A number that clients see for a session: never repeated on this loop.
  [[nodiscard]] static std::uint64_t client_id(SessionId id);

 private:
  struct Slot {
    std::unique_ptr<RespSession> session;
    std::uint32_t generation = 1;
    bool is_touched = false;
  };

  void wake() const {
    if (wake_) wake_();
  }

  void finish(const Batcher::Flight& flight, const msg::ShardReply& reply);
  void refuse(const Batcher::Flight& flight, const msg::ShardReply& reply);
  [[nodiscard]] std::string refusal(const Token& token, const msg::ShardReply& reply) const;

  Options options_;
  RouterPort& port_;
  std::function<void()> wake_;
  ClusterView view_;
  Batcher batcher_;
  Keyspace keyspace_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::size_t session_count_ = 0;
  std::vector<SessionId> touched_;
  std::map<std::uint64_t, Token> admin_;  // by ticket
  std::uint64_t ticket_last_ = 0;
  std::vector<LogIndex> applied_;
  Counters counters_;
  HostTime time_;
  Instant started_{};
};

}  // namespace harka::gateway
