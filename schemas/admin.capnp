@0xfc0d7467e10be8b0;
# Questions that the command line asks a node, and their answers. JSON text, so that old clients
# show what new nodes know.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("harka::wire");

using import "common.capnp".message;
using import "common.capnp".local;
using import "common.capnp".maxBytes;

struct AdminRequest $message $local { verb @0 :Text; arguments @1 :List(Text); token @2 :UInt64; }
struct AdminReply $message $local { token @0 :UInt64; exitCode @1 :Int32; json @2 :Data; }
