@0x805fbe1edc93327c;
# Between a replica and the node's two stores. Requests are FIFO per sender; a store never answers
# before the bytes are durable, and never answers a failure: an I/O error ends the node.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("harka::wire");

using import "common.capnp".message;
using import "common.capnp".local;
using import "common.capnp".maxItems;
using Raft = import "raft.capnp";

struct AppendLog $message $local {
  group @0 :UInt32;
  ticket @1 :UInt64;         # echoed; grows per group
  hasHardState @2 :Bool;
  hardState @3 :Raft.HardState;
  entries @4 :List(Raft.Entry);  # contiguous; entries at and after the first one's index are replaced
  hasStart @5 :Bool;         # the log now starts after (startIndex, startTerm): compaction, or a snapshot
  startIndex @6 :UInt64;
  startTerm @7 :UInt64;
  dropsSuffix @8 :Bool;      # with hasStart: a snapshot replaced the whole log; without: keep what follows
}
struct LogAppended $message $local { group @0 :UInt32; ticket @1 :UInt64; }

struct StateWrite {
  key @0 :Data;
  value @1 :Data;            # opaque to the store
  removed @2 :Bool;
}
struct FlushState $message $local {
  # One batch of a shard's overlay, written in one transaction together with the applied index.
  group @0 :UInt32;
  ticket @1 :UInt64;
  appliedIndex @2 :UInt64;
  appliedTerm @3 :UInt64;
  config @4 :Raft.GroupConfig;   # as of appliedIndex
  writes @5 :List(StateWrite);
}
struct StateFlushed $message $local { group @0 :UInt32; ticket @1 :UInt64; appliedIndex @2 :UInt64; }

struct InstallState $message $local {
  # A snapshot chunk for the staging area of a group; `sequence` 0 clears the staging area first.
  # With `done` the staged state replaces the group's state in one transaction.
  group @0 :UInt32;
  ticket @1 :UInt64;
  appliedIndex @2 :UInt64;
  appliedTerm @3 :UInt64;
  config @4 :Raft.GroupConfig;
  sequence @5 :UInt32;
  data @6 :Data;
  done @7 :Bool;
}
struct StateInstalled $message $local { group @0 :UInt32; ticket @1 :UInt64; sequence @2 :UInt32; done @3 :Bool; }

struct DropGroup $message $local { group @0 :UInt32; ticket @1 :UInt64; }
# Forget a group's log and state (the replica was moved away). Answered by the store that got it.
struct GroupDropped $message $local { group @0 :UInt32; ticket @1 :UInt64; }

struct RecoverGroup $message $local { group @0 :UInt32; ticket @1 :UInt64; }
# A replica starts: what does the log hold for it? Answered after everything sent before it.
struct GroupRecovered $message $local {
  group @0 :UInt32;
  ticket @1 :UInt64;
  hardState @2 :Raft.HardState;
  startIndex @3 :UInt64;     # the log holds entries after (startIndex, startTerm)
  startTerm @4 :UInt64;
  entries @5 :List(Raft.Entry) $maxItems(16777216);
  tainted @6 :Bool;          # what was promised here is lost: do not vote before the log is whole again
  highWater @7 :UInt64;      # tainted, the state is gone: whole when it agrees with a leader up to here
  termFloor @8 :UInt64;      # tainted, the log is damaged: whole when it has an entry of this term or a
                             # later one. Above every term that anything was promised in. Else 0
}
