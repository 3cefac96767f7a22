@0xdbf186a091003ab0;
# Raft between replicas of one group (Ongaro's dissertation, with pre-vote, read index, learners,
# joint consensus and chunked snapshots). `group` first in every message; the envelope says from whom.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("harka::wire");

using import "common.capnp".message;
using import "common.capnp".local;
using import "common.capnp".maxItems;

enum EntryType { noop @0; command @1; config @2; }

struct Entry {
  index @0 :UInt64;
  term @1 :UInt64;
  type @2 :EntryType;
  data @3 :Data;
}

struct GroupConfig {
  # Node ids. `votersOutgoing` is not empty while a joint change is in progress.
  voters @0 :List(UInt64);
  votersOutgoing @1 :List(UInt64);
  learners @2 :List(UInt64);
}

struct HardState { term @0 :UInt64; vote @1 :UInt64; }

struct VoteRequest $message {
  group @0 :UInt32;
  term @1 :UInt64;        # pre-vote: the term the candidate would use
  lastIndex @2 :UInt64;
  lastTerm @3 :UInt64;
  preVote @4 :Bool;
  transfer @5 :Bool;      # sent on TimeoutNow: overrides leader stickiness
}
struct VoteReply $message {
  group @0 :UInt32;
  term @1 :UInt64;
  granted @2 :Bool;
  preVote @3 :Bool;
}
struct AppendEntries $message {
  group @0 :UInt32;
  term @1 :UInt64;
  prevIndex @2 :UInt64;
  prevTerm @3 :UInt64;
  commit @4 :UInt64;
  entries @5 :List(Entry);
}
struct AppendReply $message {
  group @0 :UInt32;
  term @1 :UInt64;
  success @2 :Bool;
  index @3 :UInt64;       # success: highest durable matching index; else a hint where to retry
  hintTerm @4 :UInt64;    # failure: the term found at the hint, 0 if none
  rejectedPrev @5 :UInt64;  # failure: the prevIndex that was refused (stale replies are told apart)
}
struct Beat {
  # A heartbeat of one group. Content-free on purpose: no prev index, no entries.
  group @0 :UInt32;
  term @1 :UInt64;
  commit @2 :UInt64;      # already limited to what this follower is known to hold
  readContext @3 :UInt64; # 0: no read is waiting on this round
}
struct BeatReply { group @0 :UInt32; term @1 :UInt64; readContext @2 :UInt64; }

struct Beats $message { beats @0 :List(Beat); }
# All heartbeats of one node for one other node, coalesced by `pulse`.
struct BeatReplies $message { replies @0 :List(BeatReply); }

struct BeatTo { to @0 :UInt64; beat @1 :Beat; }
struct BeatsOut $message $local { beats @0 :List(BeatTo); }
# A replica hands its due heartbeats to its own node's pulse, which coalesces them per peer.
struct BeatReplyOut $message $local { to @0 :UInt64; reply @1 :BeatReply; }

struct Heartbeat $message { beat @0 :Beat; from @1 :UInt64; }
# One group's beat, unpacked by pulse for a replica; `from` is the leader's node.
struct HeartbeatReply $message { reply @0 :BeatReply; from @1 :UInt64; }

struct SnapshotChunk $message {
  group @0 :UInt32;
  term @1 :UInt64;
  snapshotIndex @2 :UInt64;
  snapshotTerm @3 :UInt64;
  config @4 :GroupConfig;
  sequence @5 :UInt32;    # 0, 1, 2 …
  data @6 :Data;          # opaque to raft: made and read by the state machine
  checksum @7 :UInt32;    # CRC-32C of data
  done @8 :Bool;
}
struct SnapshotReply $message {
  group @0 :UInt32;
  term @1 :UInt64;
  snapshotIndex @2 :UInt64;
  nextSequence @3 :UInt32;  # resume here
  installed @4 :Bool;
  refused @5 :Bool;         # abandon this snapshot
}
struct TimeoutNow $message { group @0 :UInt32; term @1 :UInt64; }

struct ReadIndexRequest $message { group @0 :UInt32; context @1 :UInt64; }
# A follower asks the leader for a read index on behalf of its own waiting reads.
struct ReadIndexReply $message { group @0 :UInt32; context @1 :UInt64; index @2 :UInt64; ok @3 :Bool; }

struct Tick $message $local {}
# From pulse to every replica of the node, each tick interval.
