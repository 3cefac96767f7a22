// SPDX-License-Identifier: Apache-2.0
// A scenario: a capsule written by hand that says what must come of it. The run itself must be
// clean as any other; each `expect` is one thing more, and each `kills` names a planted defect with
// which the same run must not go through, so that a scenario is known to be able to fail.
//
//   # What it is about; the first comment is its title.
//   nodes 3
//   fault 1s isolate leader 0 for 4s
//   expect mark leader-without-quorum
//   expect never log-truncated
//   expect elected 0 within 2s of 1s       a leader of shard 0 begins in that time
//   expect undisturbed 0 within 3s of 1s   none does
//   expect answered within 2s of 1s        one that begins after 1 s is answered before 3 s
//   expect operations at-least 100         in all
//   kills forgets-votes                    `seed 17` behind it: if only with that one
//
// Times count from the end of the warm-up, as those of faults.
#pragma once

#include "base/marks.hpp"
#include "sim/run.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harka::sim {

struct Expectation {
  enum class Kind : std::uint8_t { mark, never, elected, undisturbed, answered, operations };

  Kind kind = Kind::mark;
  std::string text;  // as it was written
  Mark mark{};
  std::uint32_t shard = 0;
  Duration within{};
  Duration of{};
  std::uint64_t count = 0;
};

struct Kill {
  std::string mutant;
  std::optional<std::uint64_t> seed;  // else the scenario's
};

struct Scenario {
  std::string title;
  Plan plan;
  std::vector<Expectation> expectations;
  std::vector<Kill> kills;
};

/// invalid_argument names the line and says what is wrong with it.
[[nodiscard]] Result<Scenario> scenario_of(std::string_view text);

struct Judgement {
  RunResult result;
  std::vector<std::string> missed;  // expectations, as they were written

  [[nodiscard]] bool holds() const { return result.outcome == Outcome::clean && missed.empty(); }
};

/// Runs it as it is, or with a defect.
[[nodiscard]] Judgement judge(const Scenario& scenario);
[[nodiscard]] Judgement judge(const Scenario& scenario, const Kill& kill);

/// The library, in the order of its names.
struct NamedText {
  std::string_view name;
  std::string_view text;
};

[[nodiscard]] const std::vector<NamedText>& scenario_library();

}  // namespace harka::sim
