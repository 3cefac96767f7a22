// SPDX-License-Identifier: Apache-2.0
// What a thread says of itself to the operating system.
#pragma once

#include <string>

namespace harka {

/// Shown by `top -H` and debuggers; cut to 15 bytes.
void name_this_thread(const std::string& name);

/// For threads that serve many at once, and all that the calling one starts from now on: who wakes
/// does not interrupt who runs, so more has come until its turn, and threads change less often.
/// Linux only.
void prefer_throughput();

/// For work that may wait: any thread that serves somebody goes before the calling one. Linux only.
void run_this_thread_in_background();

}  // namespace harka
