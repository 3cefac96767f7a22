// SPDX-License-Identifier: Apache-2.0
// Answers what only the process knows (its actors, its counters) and passes everything else on to
// the control actor.
#pragma once

#include "runtime/directory.hpp"
#include "runtime/net/links.hpp"
#include "runtime/registry.hpp"
#include "storage/log_store.hpp"

namespace harka::apps {

class AdminPort final : public Port {
 public:
  /// All references outlive the port.
  AdminPort(
      Directory& directory,
      const Registry& registry,
      const storage::LogStoreThread& log_store,
      net::Links& links)
      : directory_(directory), registry_(registry), log_store_(log_store), links_(links) {}

  bool post(EnvelopePtr envelope) override;

 private:
  [[nodiscard]] std::string actors_json() const;
  [[nodiscard]] std::string counters_json() const;

  Directory& directory_;
  const Registry& registry_;
  const storage::LogStoreThread& log_store_;
  net::Links& links_;
};

}  // namespace harka::apps
