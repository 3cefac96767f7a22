# Puts style and scripts into a page and the page into a .cpp that defines harka::sim::viewer_page.
# PAGE, STYLE, SCRIPTS (in this order, separated by |) and OUTPUT are paths.
cmake_minimum_required(VERSION 3.25)  # else @STYLE@ would be a variable
file(READ "${PAGE}" page)
file(READ "${STYLE}" style)
set(script "")
string(REPLACE "|" ";" SCRIPTS "${SCRIPTS}")
foreach(path IN LISTS SCRIPTS)
  file(READ "${path}" part)
  string(APPEND script "${part}")
endforeach()
string(REPLACE "@STYLE@" "${style}" page "${page}")
string(REPLACE "@SCRIPT@" "${script}" page "${page}")
file(WRITE "${OUTPUT}" "#include \"sim/viewer.hpp\"

namespace harka::sim {

std::string_view viewer_page() {
  return R\"HARKA_PAGE(${page})HARKA_PAGE\";
}

}  // namespace harka::sim
")
