@0xa747decb60df58bc;
# The cluster map: which nodes there are, and which replicas each shard has, under which epoch.
# It is the state of the meta group; every node keeps a copy and serves from it.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("harka::wire");

using import "common.capnp".message;
using import "common.capnp".local;
using Raft = import "raft.capnp";

struct NodeRecord {
  node @0 :UInt64;
  name @1 :Text;
  linkAddress @2 :Text;
  clientAddress @3 :Text;
  region @4 :Text;
  dataId @5 :UInt64;
}
struct ShardRecord {
  shard @0 :UInt32;
  epoch @1 :UInt64;          # raised by every change of this record
  replicas @2 :List(UInt64); # the first is the preferred leader
}
struct ClusterMap {
  clusterId @0 :UInt64;      # 0: not initialised
  version @1 :UInt64;        # raised by every change
  shardCount @2 :UInt32;
  replicationFactor @3 :UInt32;
  nodes @4 :List(NodeRecord);
  shards @5 :List(ShardRecord);
  metaReplicas @6 :List(UInt64);
}
struct LeaderHint { group @0 :UInt32; term @1 :UInt64; leader @2 :UInt64; }
struct LeaderHints $message { hints @0 :List(LeaderHint); complete @1 :Bool; draining @2 :Bool; node @3 :UInt64; }
# What a node leads (`complete`: all of it, else what changed). From pulse to every control actor.

struct MapRequest $message { haveVersion @0 :UInt64; }
struct MapUpdate $message { map @0 :ClusterMap; }

struct PrepareInit $message { clusterId @0 :UInt64; coordinator @1 :UInt64; }
struct InitPromise $message { clusterId @0 :UInt64; promised @1 :Bool; reason @2 :Text; }
struct CommitInit $message { map @0 :ClusterMap; }
struct InitDone $message { clusterId @0 :UInt64; }

enum MapCommandKind { joinNode @0; setReplicas @1; updateNode @2; }
struct MapCommand {
  # An entry of the meta group's log.
  kind @0 :MapCommandKind;
  node @1 :NodeRecord;
  shard @2 :ShardRecord;
  expectedEpoch @3 :UInt64;  # setReplicas: refused unless the record still has this epoch
}
struct ProposeMap $message { command @0 :MapCommand; }
struct ProposeMapReply $message { accepted @0 :Bool; leader @1 :UInt64; reason @2 :Text; version @3 :UInt64; }

struct LeadershipChanged $message $local { group @0 :UInt32; term @1 :UInt64; leader @2 :UInt64; }
# From a replica to its own node's pulse and control when it learns of a leader (0: none known).
struct TransferLeadership $message $local { group @0 :UInt32; target @1 :UInt64; }
# To a replica. target 0: the best follower. Used by drain and by leader preference.
struct DrainNode $message $local {}
struct DrainProgress $message $local { leading @0 :UInt32; done @1 :Bool; }
struct ChangeReplicas $message $local { group @0 :UInt32; voters @1 :List(UInt64); learners @2 :List(UInt64); }
