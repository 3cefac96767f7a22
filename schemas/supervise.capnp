@0xabcafd8bfd074a6e;
# Between interpreters and supervisors: the life of children.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("harka::wire");

using import "common.capnp".message;
using import "common.capnp".local;
using import "common.capnp".Address;

struct ChildExited $message $local {
  child @0 :Address;
  instance @1 :UInt64;     # which incarnation of the child
  normal @2 :Bool;
  reason @3 :Text;
}
struct StopChild $message $local { reason @0 :Text; }
# A polite request to stop: the receiver finishes and stops itself within its shutdown budget.
struct RestartChild $message $local { child @0 :Address; }
struct Inject $message $local { fault @0 :Text; }
# Test and drill: the receiver throws a Bug with this text when `fault` is "crash".
