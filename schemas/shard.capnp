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
  staleReads @8 :Bool;      # READONLY: a follower may answer within the stated staleness
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
struct CacheRead $message {
  shard @0 :UInt32;
  key @1 :Data;
  minIndex @2 :UInt64;      # the client has already seen this applied index
  token @3 :UInt64;
  resp3 @4 :Bool;
}
struct CacheReply $message {
  token @0 :UInt64;
  hit @1 :Bool;
  reply @2 :Data;           # RESP
  appliedIndex @3 :UInt64;
}
struct CacheFill $message {
  shard @0 :UInt32;
  key @1 :Data;
  reply @2 :Data;
  appliedIndex @3 :UInt64;  # as of which the value was read
  expireAt @4 :Int64;       # wall milliseconds; 0: none
}
struct CacheInvalidate $message {
  # From a replica after it applied `appliedIndex`: these keys changed. `all`: forget the shard.
  shard @0 :UInt32;
  appliedIndex @1 :UInt64;
  keys @2 :List(Data);
  all @3 :Bool;
}
