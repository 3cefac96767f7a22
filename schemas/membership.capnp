@0x9c0370235b1f1b0c;
# SWIM with suspicion, incarnation, indirect probes and piggybacked gossip.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("harka::wire");

using import "common.capnp".message;
using import "common.capnp".local;
using import "common.capnp".maxItems;

enum MemberState { alive @0; suspect @1; dead @2; left @3; }

struct Member {
  node @0 :UInt64;
  name @1 :Text;
  linkAddress @2 :Text;     # host:port for other nodes
  clientAddress @3 :Text;   # host:port for Redis clients
  region @4 :Text;
  epoch @5 :UInt64;         # incarnation of the process: grows at each start
  incarnation @6 :UInt64;   # SWIM's: raised to refute a suspicion
  state @7 :MemberState;
  clusterId @8 :UInt64;     # 0: not initialised yet
  dataId @9 :UInt64;        # random id of its data directory: two nodes with one name differ here
  accuser @10 :UInt64;      # of a suspect: the node that suspects it, to count independent voices
}
# A probe with sequence 0 carries gossip only and is not answered.
struct Probe $message { sequence @0 :UInt64; gossip @1 :List(Member); }
struct ProbeAck $message { sequence @0 :UInt64; gossip @1 :List(Member); }
struct ProbeRequest $message { sequence @0 :UInt64; target @1 :UInt64; gossip @2 :List(Member); }
struct ProbeNack $message { sequence @0 :UInt64; }
struct JoinRequest $message { member @0 :Member; }
struct MemberList $message { members @0 :List(Member); }
# Answer to JoinRequest, and the periodic full exchange.

struct MembershipChanged $message $local { members @0 :List(Member); }
# To local subscribers (control, pulse, links): the whole view after a change.
struct LinkUp $message $local { node @0 :UInt64; epoch @1 :UInt64; }
struct LinkDown $message $local { node @0 :UInt64; epoch @1 :UInt64; reason @2 :Text; }
struct LeaveCluster $message $local {}
struct JoinRefused $message { reason @0 :Text; }
# Answer to JoinRequest: another node has this name, or belongs to another cluster.
