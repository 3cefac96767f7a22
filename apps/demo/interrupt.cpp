// SPDX-License-Identifier: Apache-2.0
#include "apps/demo/interrupt.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>

namespace harka::apps {

namespace {

using SteadyClock = std::chrono::steady_clock;

sigset_t watched() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t signals = watched();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signals_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

Interrupt::~Interrupt() {
  if (signals_ >= 0) ::close(signals_);
  const sigset_t signals = watched();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

bool Interrupt::is_raised() {
  bool has_input = false;
  poll(Duration::zero(), false, has_input);
  return is_raised_;
}

bool Interrupt::sleep(Duration duration) {
  bool has_input = false;
  if (!is_raised_) poll(duration, false, has_input);
  return !is_raised_;
}

bool Interrupt::wait_until(Duration bound, const std::function<bool()>& condition) {
  const auto end = SteadyClock::now() + bound;
  while (!condition()) {
    if (SteadyClock::now() >= end || !sleep(10ms)) return false;
  }
  return true;
}

bool Interrupt::read_line(std::string& line) {
  for (;;) {
    const std::size_t end = input_.find('\n');
    if (end != std::string::npos) {
      line = input_.substr(0, end);
      input_.erase(0, end + 1);
      return true;
    }
    bool has_input = false;
    poll(1h, true, has_input);
    if (is_raised_) return false;
    if (!has_input) continue;
    std::array<char, 1024> chunk{};
    const ssize_t count = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (count <= 0) return false;
    input_.append(chunk.data(), static_cast<std::size_t>(count));
  }
}

void Interrupt::poll(Duration duration, bool includes_input, bool& has_input) {
  std::array<pollfd, 2> waiting{pollfd{signals_, POLLIN, 0}, pollfd{STDIN_FILENO, POLLIN, 0}};
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  ::poll(waiting.data(), includes_input ? 2 : 1, static_cast<int>(millis));
  has_input = includes_input && waiting[1].revents != 0;
  signalfd_siginfo info{};
  if (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) is_raised_ = true;
}

}  // namespace harka::apps
