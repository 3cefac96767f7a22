// SPDX-License-Identifier: Apache-2.0
#include "base/thread.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace harka {

namespace {

constexpr int background_nice = 10;

}  // namespace

void name_this_thread(const std::string& name) {
  constexpr std::size_t name_max = 15;
  (void)::pthread_setname_np(::pthread_self(), name.substr(0, name_max).c_str());
}

void prefer_throughput() {
  const sched_param none{};
  (void)::sched_setscheduler(0, SCHED_BATCH, &none);
}

// On Linux a thread has a nice value of its own. Refused: then it runs like the others.
void run_this_thread_in_background() {
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), background_nice);
}

}  // namespace harka
