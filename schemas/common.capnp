@0xd3442b6763925104;
# What every schema uses. A struct marked $message gets a line in the message list: it may travel
# between actors, over a link and into the simulator. Unmarked structs are parts of messages.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("harka::wire");

annotation message @0xd1c6a5f6a4a0b1c2 (struct) :Void;
# In C++: Data and Text(data) become SharedBytes / std::string, List(T) becomes std::vector<T>,
# fieldName becomes field_name, the struct a plain aggregate with == and the declared defaults.

annotation local @0xd1c6a5f6a4a0b1c5 (struct) :Void;
# A message between actors of one node. From another node it is refused: it gives orders to this
# node's actors, or tells them what only this node can know (what is durable, who ended).

annotation maxItems @0xd1c6a5f6a4a0b1c3 (field) :UInt32;
# The largest list that decode accepts here; without it 65,536.

annotation maxBytes @0xd1c6a5f6a4a0b1c4 (field) :UInt32;
# The largest Data or Text that decode accepts here; without it 96 MiB (Data: what a frame
# between nodes may hold), 4 KiB (Text).

enum ActorKind {
  none @0;
  # Machines, addressed by (node, kind, index).
  supervisor @1;    # index: position in the node's tree
  membership @2;
  pulse @3;         # ticks the node's raft groups, coalesces their heartbeats per peer
  replica @4;       # index: group id; the meta group is index 0
  region @5;
  cache @6;
  router @7;        # index: gateway loop
  control @8;       # the node's view of the cluster map; bootstraps and joins
  admin @9;         # answers status questions
  # Neighbours that do I/O for machines.
  logStore @10;
  stateStore @11;
  links @12;
  client @13;       # a simulated or external client; index: client number
}

struct Address {
  node @0 :UInt64;
  kind @1 :ActorKind;
  index @2 :UInt32;
}
