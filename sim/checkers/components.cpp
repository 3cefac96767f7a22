// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/components.hpp"

#include <algorithm>

namespace harka::sim {

namespace {

constexpr std::size_t unknown = ~std::size_t{0};

class Components {
 public:
  explicit Components(const std::vector<std::vector<std::size_t>>& next)
      : next_(next),
        order_(next.size(), unknown),
        low_(next.size()),
        number_(next.size(), unknown) {}

  std::vector<std::size_t> all() {
    for (std::size_t node = 0; node < next_.size(); ++node) {
      if (order_[node] == unknown) explore(node);
    }
    return std::move(number_);
  }

 private:
  struct Visit {
    std::size_t node = 0;
    std::size_t edge = 0;
  };

  void explore(std::size_t root) {
    std::vector<Visit> visits;
    enter(root, visits);
    while (!visits.empty()) {
      Visit& visit = visits.back();
      if (visit.edge < next_[visit.node].size()) {
        const std::size_t to = next_[visit.node][visit.edge++];
        if (order_[to] == unknown) {
          enter(to, visits);
        } else if (number_[to] == unknown) {
          low_[visit.node] = std::min(low_[visit.node], order_[to]);
        }
        continue;
      }
      const std::size_t node = visit.node;
      visits.pop_back();
      if (!visits.empty())
        low_[visits.back().node] = std::min(low_[visits.back().node], low_[node]);
      if (low_[node] == order_[node]) close(node);
    }
  }

  void enter(std::size_t node, std::vector<Visit>& visits) {
    order_[node] = low_[node] = entered_++;
    open_.push_back(node);
    visits.push_back({node, 0});
  }

  void close(std::size_t root) {
    std::size_t node = unknown;
    do {
      node = open_.back();
      open_.pop_back();
      number_[node] = root;
    } while (node != root);
  }

  const std::vector<std::vector<std::size_t>>& next_;
  std::vector<std::size_t> order_;
  std::vector<std::size_t> low_;
  std::vector<std::size_t> number_;
  std::vector<std::size_t> open_;
  std::size_t entered_ = 0;
};

}  // namespace

std::vector<std::size_t> components_of(const std::vector<std::vector<std::size_t>>& next) {
  return Components(next).all();
}

}  // namespace harka::sim
