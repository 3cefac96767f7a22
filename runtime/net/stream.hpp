// SPDX-License-Identifier: Apache-2.0
// Larger reads and writes below TLS. KJ-TLS moves 8 KiB a system call; this stream gathers what
// one turn of the loop writes and reads ahead, so a 64 KiB burst costs one call each way.
#pragma once

#include <kj/async-io.h>

namespace harka::net {

[[nodiscard]] kj::Own<kj::AsyncIoStream> make_buffered(kj::Own<kj::AsyncIoStream> stream);

}  // namespace harka::net
