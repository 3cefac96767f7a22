// SPDX-License-Identifier: Apache-2.0
// A `capnp compile` plugin: for each schema a header of plain structs (X.hpp) and their translation
// to and from Cap'n Proto's encoding (X.wire.hpp, X.wire.cpp), and over all schemas the message
// list (messages.hpp, messages.cpp). Messages are written once, in schemas/*.capnp; this is the
// rest. Everything is written to the working directory, as capnp does for its plugins.
#include "emit.hpp"

#include <fstream>
#include <sstream>

namespace schemagen {
namespace {

/// Leaves an unchanged file alone, so that nothing is compiled again for it.
void write_file(const std::string& name, const std::string& text) {
  std::ifstream old(name);
  std::stringstream before;
  before << old.rdbuf();
  if (old && before.str() == text) return;
  std::ofstream out(name, std::ios::trunc);
  out << text;
  if (!out.flush()) fail("cannot write " + name);
}

}  // namespace
}  // namespace schemagen

int main() {
  const auto files = schemagen::read_request();
  for (const auto& file : files) {
    schemagen::write_file(file.stem + ".hpp", schemagen::plain_header(file));
    schemagen::write_file(file.stem + ".wire.hpp", schemagen::wire_header(file));
    schemagen::write_file(file.stem + ".wire.cpp", schemagen::wire_source(file));
  }
  const auto messages = schemagen::messages_of(files);
  schemagen::write_file("messages.hpp", schemagen::message_list(files, messages));
  schemagen::write_file("messages.cpp", schemagen::message_source(files, messages));
}
