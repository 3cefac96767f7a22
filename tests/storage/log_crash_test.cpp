// SPDX-License-Identifier: Apache-2.0
// The segment log against a model, with power failures at any disk operation, also during recovery,
// rotation and copying. Small segments, so that all of it happens all the time.
#include "storage/segment_log.hpp"
#include "tests/storage/block_disk.hpp"
#include "tests/storage/faulty_disk.hpp"
#include "tests/storage/log_model.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace harka;
using storage::LogOptions;
using storage::SegmentLog;

namespace {

constexpr std::uint32_t group_count = 5;

class CrashRun {
 public:
  /// Every second seed writes in blocks.
  explicit CrashRun(std::uint64_t seed)
      : seed_(seed),
        random_(seed * 7919 + 1),
        disk_(seed),
        log_disk_(seed % 2 == 0 ? static_cast<storage::Disk&>(disk_) : blocks_),
        histories_(group_count + 1) {
    options_.segment_bytes = 2048 + random_.below(5) * 1024;
    options_.copy_forward_bytes_max = random_.below(3) * 700;
    reopen();
  }

  void step() {
    const auto group = static_cast<std::uint32_t>(random_.below(group_count) + 1);
    // Group 5 is idle most of the time: what is alive of it must be carried along.
    if (group == group_count && !random_.chance(0.02)) return;
    if (random_.chance(0.01)) disk_.die_after(static_cast<int>(random_.below(6)));
    testing::GroupHistory& history = histories_[group];
    if (random_.chance(0.01)) {
      history.drop();
      if (!log_->drop(GroupId{group}).ok()) return die();
    } else {
      const msg::AppendLog request = testing::random_request(group, history.newest(), 60, random_);
      history.append(request);
      if (!log_->append(request).ok()) return die();
    }
    if (random_.chance(0.5)) flush();
    if (random_.chance(0.01)) die();
  }

  /// By a power failure; or alone, and what was not synced is there when it starts again. That
  /// counts from then on, so a power failure after the start must not take it.
  void die() {
    if (random_.chance(0.5)) {
      log_.reset();
      disk_.restart();
      reopen();
      if (random_.chance(0.5)) return;
    }
    crash();
  }

  void crash() {
    log_.reset();
    disk_.crash();
    while (random_.chance(0.2)) {  // also while starting
      disk_.die_after(static_cast<int>(random_.below(8)));
      (void)SegmentLog::open(log_disk_, options_);
      disk_.crash();
    }
    reopen();
    ++crashes;
  }

  void check() {
    for (std::uint32_t group = 1; group <= group_count; ++group) {
      const auto recovered = log_->recover(GroupId{group});
      BOOST_REQUIRE(recovered.ok());
      BOOST_REQUIRE_MESSAGE(
          histories_[group].resume_at(testing::state_of(recovered.value())),
          "seed " << seed_ << ": group " << group << " is in a state it never was in, after "
                  << crashes << " crashes");
    }
  }

  [[nodiscard]] const SegmentLog& log() const { return *log_; }

  std::uint64_t recycled = 0;
  std::uint64_t crashes = 0;

 private:
  void flush() {
    if (!log_->flush().ok()) return die();
    for (testing::GroupHistory& history : histories_) history.acknowledge();
  }

  void reopen() {
    auto opened = SegmentLog::open(log_disk_, options_);
    BOOST_REQUIRE_MESSAGE(
        opened.ok(), "seed " << seed_ << ": " << (opened.ok() ? "" : opened.error().detail));
    if (log_) recycled += log_->counters().recycled;
    log_ = std::move(opened).value();
    BOOST_REQUIRE_MESSAGE(
        !log_->is_damaged(),
        "seed " << seed_ << ": a torn write was called damage: " << log_->damage() << ", after "
                << crashes << " crashes");
    check();
  }

  std::uint64_t seed_;
  Random random_;
  testing::FaultyDisk disk_;
  testing::BlockDisk blocks_{disk_};
  storage::Disk& log_disk_;
  LogOptions options_;
  std::unique_ptr<SegmentLog> log_;
  std::vector<testing::GroupHistory> histories_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(log_crash)

BOOST_DATA_TEST_CASE(
    every_crash_leaves_a_state_between_acknowledged_and_written,
    boost::unit_test::data::xrange(300),
    seed) {
  CrashRun run(static_cast<std::uint64_t>(seed) + 1);
  for (int step = 0; step < 1500; ++step) run.step();
  run.crash();
  BOOST_TEST(run.crashes > 0U);
}

BOOST_AUTO_TEST_SUITE_END()
