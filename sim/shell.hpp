// SPDX-License-Identifier: Apache-2.0
// A session at a virtual cluster, command by command. It keeps no World alive: a session is a plan
// and how far it has come, and each command that looks or moves runs the plan again from its
// beginning to there, which takes milliseconds. So what it shows is exactly what its capsule shows,
// and nothing of the simulator had to learn to stop half-way. Rejected: stepping a World that stays
// (a fault at an instant whose events are half done would be replayed in another order).
#pragma once

#include "sim/run.hpp"

#include <functional>
#include <string>
#include <vector>

namespace harka::sim {

class Glance;

class Shell {
 public:
  /// Runs the warm-up of `plan`; the session begins where its faults would.
  explicit Shell(Plan plan);

  /// One line. Its answer, with line ends; or invalid_argument or io_failed, which change nothing.
  [[nodiscard]] Result<std::string> carry_out(const std::string& line);

  [[nodiscard]] bool is_over() const { return is_over_; }

  /// What broke; empty: nothing has.
  [[nodiscard]] const RunResult& result() const { return result_; }

  [[nodiscard]] static std::string help();

 private:
  using Words = std::vector<std::string>;
  using Condition = std::function<bool(const Glance&)>;

  [[nodiscard]] Result<std::string> step(const Words& words);
  [[nodiscard]] Result<std::string> run(const Words& words);
  [[nodiscard]] Result<std::string> run_until(const Words& condition);
  [[nodiscard]] Result<Condition> condition_of(const Words& words) const;
  [[nodiscard]] Result<std::string> inject(const std::string& line);
  [[nodiscard]] Result<std::string> ask(const Words& words);
  [[nodiscard]] Result<std::string> trace(const Words& words);
  [[nodiscard]] Result<std::string> save(const Words& words);
  [[nodiscard]] std::string nodes();
  [[nodiscard]] std::string leaders();
  /// Runs on for `time` at most, to the first moment at which `is_reached` holds, and looks.
  bool go(Duration time, const Condition& is_reached, std::string& told);
  void look(Glance& glance, Duration until);
  [[nodiscard]] std::string where() const;

  Plan plan_;
  RunResult result_;
  Instant began_;
  Duration elapsed_{};
  bool is_tracing_ = false;
  bool is_over_ = false;
};

}  // namespace harka::sim
