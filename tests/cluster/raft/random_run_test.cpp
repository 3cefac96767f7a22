// SPDX-License-Identifier: Apache-2.0
// Seeded random runs of whole groups. HARKA_SEEDS=first:count runs others than the usual few.
#include "base/assert.hpp"
#include "network.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <iostream>
#include <string>

using namespace harka;
using namespace harka::raft;

namespace {

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 60;
};

Seeds seeds_from_environment() {
  const char* const text = std::getenv("HARKA_SEEDS");
  if (text == nullptr) {
    return {};
  }
  const std::string range(text);
  const std::size_t colon = range.find(':');
  return {std::stoull(range.substr(0, colon)), std::stoull(range.substr(colon + 1))};
}

// Each seed draws its own mix of faults, so that no class always hides behind another.
WorldOptions draw(std::uint64_t seed) {
  Random random(seed * 7919);
  WorldOptions options;
  options.seed = seed;
  options.nodes = 1 + static_cast<int>(random.below(6));
  options.voters = 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(options.nodes)));
  options.drop = random.chance(0.3) ? 0 : 0.1 * static_cast<double>(random.below(100)) / 100;
  options.repeat = random.chance(0.3) ? 0 : 0.1;
  options.delay_max = random.chance(0.5) ? 5ms : 60ms;
  options.slow_message = random.chance(0.3) ? 0 : 0.03;
  options.sync_max = random.chance(0.5) ? 4ms : 40ms;
  options.stalled_sync = random.chance(0.3) ? 0 : 0.02;
  options.leases = random.chance(0.7);
  options.crashes = random.chance(0.8);
  options.partitions = random.chance(0.8);
  options.changes = random.chance(0.7);
  options.transfers = random.chance(0.7);
  options.snapshots = random.chance(0.8);
  options.strikes = random.chance(0.6);
  options.damage = options.voters >= 3 && !options.changes;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_CASE(random_worlds_stay_safe_and_recover) {
  const Seeds seeds = seeds_from_environment();
  World::Counters total;
  int failures = 0;
  for (std::uint64_t seed = seeds.first; seed < seeds.first + seeds.count && failures < 3; ++seed) {
    try {
      World world(draw(seed));
      world.run(15s);
      total.events += world.counters.events;
      total.elections += world.counters.elections;
      total.commits += world.counters.commits;
      total.reads += world.counters.reads;
      total.crashes += world.counters.crashes;
      total.changes += world.counters.changes;
      total.truncations += world.counters.truncations;
      total.snapshots += world.counters.snapshots;
      total.damages += world.counters.damages;
      total.transfers += world.counters.transfers;
    } catch (const Violation& violation) {
      ++failures;
      BOOST_ERROR(violation.what());
    } catch (const Bug& bug) {
      ++failures;
      BOOST_ERROR(std::string(bug.what()) + " (seed " + std::to_string(seed) + ")");
    }
  }
  BOOST_TEST_MESSAGE(
      "events " << total.events << " elections " << total.elections << " commits " << total.commits
                << " reads " << total.reads << " crashes " << total.crashes << " changes "
                << total.changes << " truncations " << total.truncations << " snapshots "
                << total.snapshots << " transfers " << total.transfers << " damages "
                << total.damages);
  BOOST_TEST(total.commits > 0U);
}
