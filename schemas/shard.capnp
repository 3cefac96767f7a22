@0xf6a55cdf80c1042d;
# Between a router (gateway loop) and the replicas of a shard, on this or another node.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("harka::wire");

using import "common.capnp".message;

struct ShardBatch $message {
  # All commands that one gateway loop has for one shard in one turn, in order.
  shard @0 :UInt32;
  mapEpoch @1 :UInt64;      # of the shard map the router used; a newer owner refuses an older one
  session @2 :UInt64;       # the router's session: node epoch and loop, unique in the cluster's life
  sequence @3 :UInt64;      # of this batch in (session, shard): a retry repeats it and is answered once
  acknowledged @4 :UInt64;  # batches up to here were answered and may be forgotten
  commands @5 :Data;        # encoded commands: actors/kv/command.hpp
  count @6 :UInt32;
  writes @7 :UInt32;        # how many of them may write
  staleReads @8 :Bool;      # READONLY: a follower or a cache may answer within the stated staleness
  minIndex @9 :UInt64;      # staleReads: never answer from an older applied index than this
}
enum BatchOutcome {
  done @0;
  notLeader @1;    # nothing happened; `leader` (0: unknown) may know better
  retryLater @2;   # nothing happened: no quorum, overload or starting up
  unknown @3;      # leadership was lost while it was in flight: retry with the same sequence
  staleEpoch @4;   # the map moved on
}
struct ShardReply $message {
  shard @0 :UInt32;
  session @1 :UInt64;
  sequence @2 :UInt64;
  outcome @3 :BatchOutcome;
  leader @4 :UInt64;
  replies @5 :Data;         # the RESP replies, concatenated in command order
  lengths @6 :List(UInt32); # of each command's reply
  appliedIndex @7 :UInt64;  # the replies reflect at least this index
  duplicate @8 :Bool;       # answered from the session table
}
struct SessionRecord {
  # Part of a shard's replicated state: what makes a retried batch take effect once.
  session @0 :UInt64;
  sequence @1 :UInt64;
  replies @2 :Data;
  lengths @3 :List(UInt32);
  index @4 :UInt64;
}
struct CacheRefresh $message {
  # From a cache to a shard's leader: what changed since, and what do these keys hold? At most one
  # is under way between a cache and a shard.
  shard @0 :UInt32;
  token @1 :UInt64;         # repeated by the answer; a late answer is told by it
  since @2 :UInt64;         # what the cache keeps is as of this applied index; 0: it keeps nothing
  keys @3 :List(Data);
}
struct CacheRecord {
  isFound @0 :Bool;
  isOmitted @1 :Bool;       # the answer was full: nothing is said about the key
  value @2 :Data;
  expireAt @3 :Int64;       # wall milliseconds; 0: never
}
struct CacheChanges $message {
  # A linearizable answer, all of it as of `upto`: what is kept and not `changed` holds there too.
  shard @0 :UInt32;
  token @1 :UInt64;
  isDone @2 :Bool;          # false: not the leader, or not now; `leader` (0: unknown) may know more
  leader @3 :UInt64;
  upto @4 :UInt64;
  all @5 :Bool;             # too much changed to be listed: everything kept before is void
  changed @6 :List(Data);
  records @7 :List(CacheRecord);  # of the keys asked for, in their order
  clock @8 :Int64;          # the shard's, which expiry is decided by: it never goes back
}
