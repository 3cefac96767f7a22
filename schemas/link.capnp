@0xc28105de0cfaf791;
# How two nodes introduce themselves on a new connection; the frames are runtime/net/frame.hpp.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("harka::wire");

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
  creditBytes @9 :UInt64;  # message bytes that the other side may send before it hears of credit
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
  creditBytes @8 :UInt64;
}
