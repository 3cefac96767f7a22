// SPDX-License-Identifier: Apache-2.0
// Only the order of starts and ends is drawn, each in a column of its own: real times would leave
// nothing but gaps.
#include "sim/checkers/failing_window.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace harka::sim {

namespace {

constexpr std::size_t drawn_max = 80;  // operations; more are no drawing any more

std::string times_of(const Operation& operation) {
  return "[" + std::to_string(operation.start) + ", " +
         (operation.end ? std::to_string(*operation.end) : std::string("?")) + "]";
}

/// A client's operations, but those that overlap others of it stand in a lane of their own.
using Lane = std::pair<std::uint32_t, std::size_t>;

class Drawing {
 public:
  explicit Drawing(const std::vector<Operation>& operations) : operations_(operations) {}

  std::string text() {
    for (const auto& [time, is_end, i] : events()) is_end ? close(i) : open(i);
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if (!operations_[i].end)
        write(lane_of_[i], column_of_[i], "[" + text_of(operations_[i]) + " ?");
    }
    std::string drawn;
    for (const auto& [lane, line] : lines_) {
      std::string name = lane.second == 0 ? "client " + std::to_string(lane.first) : "";
      name.resize(std::max<std::size_t>(name.size(), 10), ' ');
      drawn += "  " + name + " " + line + "\n";
    }
    return drawn;
  }

 private:
  using Event = std::tuple<std::int64_t, bool, std::size_t>;

  [[nodiscard]] std::vector<Event> events() const {
    std::vector<Event> events;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      events.emplace_back(operations_[i].start, false, i);
      if (operations_[i].end) events.emplace_back(*operations_[i].end, true, i);
    }
    std::sort(events.begin(), events.end());
    return events;
  }

  void open(std::size_t i) {
    Lane lane{operations_[i].client, 0};
    while (is_busy_[lane]) ++lane.second;
    is_busy_[lane] = true;
    lane_of_[i] = lane;
    column_of_[i] = column_++;
    (void)lines_[lane];
  }

  void close(std::size_t i) {
    const std::string label = text_of(operations_[i]);
    column_ = std::max(column_, column_of_[i] + label.size() + 1);
    is_busy_[lane_of_[i]] = false;
    const std::size_t rest = column_ - column_of_[i] - 1 - label.size();
    write(lane_of_[i], column_of_[i], "[" + label + std::string(rest, '-') + "]");
    ++column_;
  }

  void write(const Lane& lane, std::size_t column, const std::string& text) {
    std::string& line = lines_[lane];
    line.resize(std::max(line.size(), column + text.size()), ' ');
    line.replace(column, text.size(), text);
  }

  const std::vector<Operation>& operations_;
  std::map<std::size_t, Lane> lane_of_;
  std::map<std::size_t, std::size_t> column_of_;
  std::map<Lane, bool> is_busy_;
  std::map<Lane, std::string> lines_;
  std::size_t column_ = 0;
};

}  // namespace

std::string sentence_of(const FailingWindow& window) {
  std::string text = std::to_string(window.prefix.size()) + " of " +
                     std::to_string(window.operations.size()) +
                     " operations fit in order; not placeable next:";
  for (const FailingWindow::Next& next : window.next) {
    const Operation& operation = window.operations[next.operation];
    text += " " + text_of(operation) + " " + times_of(operation);
  }
  return text;
}

std::string drawing_of(const FailingWindow& window) {
  const bool is_drawn = window.operations.size() <= drawn_max;
  std::string text = is_drawn ? Drawing(window.operations).text()
                              : "  " + std::to_string(window.operations.size()) +
                                    " operations are too many to be drawn\n";
  text += "\nThe longest order that fits:";
  for (const std::size_t i : window.prefix) {
    const Operation& operation = window.operations[i];
    text += "\n  client " + std::to_string(operation.client) + " " + text_of(operation) + " " +
            times_of(operation);
  }
  if (window.prefix.empty()) text += " none";
  text += "\nWhat could come next, and why it cannot:";
  for (const FailingWindow::Next& next : window.next) {
    const Operation& operation = window.operations[next.operation];
    text += "\n  client " + std::to_string(operation.client) + " " + text_of(operation) + " " +
            times_of(operation) + ": " + next.reason;
  }
  return text + "\n";
}

}  // namespace harka::sim
