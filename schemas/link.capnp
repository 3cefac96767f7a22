@0xc28105de0cfaf791;
# The frame between nodes and the connection's own control messages.

using import "common.capnp".Address;

struct Frame {
  epoch @0 :UInt64;        # sender's incarnation: frames of an older one are dropped
  kind @1 :UInt16;         # position in the message list, by name hash: see Hello
  correlation @2 :UInt64;
  from @3 :Address;
  to @4 :Address;
  body @5 :Data;           # the message, itself a flat Cap'n Proto message
}
struct Hello {
  protocolMin @0 :UInt32;
  protocolMax @1 :UInt32;
  node @2 :UInt64;
  name @3 :Text;
  epoch @4 :UInt64;
  clusterId @5 :UInt64;    # 0: not initialised
  dataId @6 :UInt64;
  channel @7 :UInt8;       # 0 control, 1 bulk
  linkAddress @8 :Text;
}
struct HelloReply {
  accepted @0 :Bool;
  reason @1 :Text;
  protocol @2 :UInt32;
  node @3 :UInt64;
  name @4 :Text;
  epoch @5 :UInt64;
  clusterId @6 :UInt64;
  dataId @7 :UInt64;
}
