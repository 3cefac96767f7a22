@0xb1f0d6a9c3e85d27;
# VoteRequest as an older and as a newer version of the system might declare it.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("harka::versions");

struct OlderVoteRequest {
  group @0 :UInt32;
  term @1 :UInt64;
}
struct NewerVoteRequest {
  group @0 :UInt32;
  term @1 :UInt64;
  lastIndex @2 :UInt64;
  lastTerm @3 :UInt64;
  preVote @4 :Bool;
  transfer @5 :Bool;
  priority @6 :UInt64 = 7;
  reason @7 :Text;
}
