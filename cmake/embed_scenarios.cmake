# Puts scenario files into a .cpp that defines harka::sim::scenario_library.
# SCENARIOS (separated by |) and OUTPUT are paths.
cmake_minimum_required(VERSION 3.25)
string(REPLACE "|" ";" SCENARIOS "${SCENARIOS}")
set(lines "")
foreach(path IN LISTS SCENARIOS)
  file(READ "${path}" text)
  get_filename_component(name "${path}" NAME_WE)
  string(APPEND lines "      {\"${name}\", R\"SCENARIO(${text})SCENARIO\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"sim/scenario.hpp\"

namespace harka::sim {

const std::vector<NamedText>& scenario_library() {
  static const std::vector<NamedText> all{
${lines}  };
  return all;
}

}  // namespace harka::sim
")
